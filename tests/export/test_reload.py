import numpy as np
import pytest
import tensorflow as tf

from retrain.errors import InputError
from retrain.export.reload import load_classifier

PIXELS = np.random.default_rng(0).random([2, 8, 8, 3], np.float32)


def test_an_export_gives_the_same_logits_and_knows_its_classes(trained_run):
    directory = str(trained_run / "export" / "saved_model")
    module, heads = classifier = load_classifier(directory)
    assert list(heads) == ["label"]
    assert classifier.primary_head.class_names == ("cyan", "magenta", "yellow")
    logits = module.output(PIXELS, "image_classification")
    np.testing.assert_allclose(logits, tf.saved_model.load(directory)(PIXELS), atol=1e-6)


@pytest.mark.parametrize("handle", ["builtin:", "keras:MobileNetV2:none"])
def test_modules_that_are_no_exports(handle, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as raised:
        load_classifier(handle)
    assert str(raised.value) == (
        f"{handle!r} is no classifier exported by retrain: it has no assets.extra/retrain.json; name the "
        "export/saved_model of a run."
    )


def test_the_default_module_is_no_export_wherever_it_is_asked_for(trained_run, monkeypatch):
    monkeypatch.chdir(trained_run / "export" / "saved_model")
    with pytest.raises(InputError, match="'builtin:' is no classifier exported by retrain"):
        load_classifier("builtin:")
