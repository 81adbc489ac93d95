import json

import numpy as np
import pytest
import tensorflow as tf

from retrain.errors import InputError
from retrain.exporters import MODULES, exporter, reload
from retrain.exporters.reload import SideBySide, load_classifier
from retrain.heads.sigmoid import SigmoidHead
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from retrain.modules.publisher_head import find_publisher_head
from retrain.settings.data import Decoding

PIXELS = np.random.default_rng(0).random([2, 8, 8, 3], np.float32)


def test_an_export_gives_the_same_logits_and_knows_its_classes(trained_run):
    directory = str(trained_run / "export" / "saved_model")
    classifier = load_classifier(directory)
    assert list(classifier.heads) == ["label"]
    assert classifier.signatures == {"label": "image_classification"}
    assert classifier.primary_head.class_names == ("cyan", "magenta", "yellow")
    logits = classifier.module.output(PIXELS, "image_classification")
    np.testing.assert_allclose(logits, tf.saved_model.load(directory)(PIXELS), atol=1e-6)


@pytest.mark.parametrize("name", MODULES)
def test_one_output_has_the_logits_of_all_tasks(loaded_module, name, tmp_path, monkeypatch):
    heads = {"tags": SigmoidHead(["a", "b"], temperature=2.0), "kind": SoftmaxHead(["c", "d", "e"])}
    model = ImageClassifier(loaded_module, heads, decoding=Decoding("#808080", antialias=True))
    for kernel in model.kernels.values():
        kernel.assign(tf.random.stateless_normal(kernel.shape, (1, 2)))
    exporter(name)(model, str(tmp_path / "export"))
    classifier = load_classifier(str(tmp_path / "export"))
    assert classifier.decoding == Decoding("#808080", antialias=True)
    logits = model.logits(model.base(PIXELS))
    for head in (None, find_publisher_head):
        monkeypatch.setattr(reload, "find_publisher_head", head or (lambda *_: None))
        module = SideBySide(classifier)
        rows = module.output(PIXELS, "image_classification").numpy()
        assert rows.shape == (2, module.num_outputs("image_classification")) == (2, 5)
        for task, found in module.by_task(rows).items():
            np.testing.assert_allclose(found, logits[task], atol=1e-5)


def test_images_pass_once_however_many_tasks_there_are(loaded_module, tmp_path):
    heads = {"tags": SigmoidHead(["a", "b"]), "kind": SoftmaxHead(["c", "d", "e"])}
    model = ImageClassifier(loaded_module, heads)
    for kernel in model.kernels.values():
        kernel.assign(tf.random.stateless_normal(kernel.shape, (1, 2)))
    exporter("hub_module")(model, str(tmp_path / "export"))
    module = SideBySide(load_classifier(str(tmp_path / "export")))
    asked = []
    outputs = module.module.outputs
    module.module.outputs = lambda images, *of: asked.append(of) or outputs(images, *of)
    module.output(PIXELS, "image_classification")
    assert asked == [("image_feature_vector", False)]


@pytest.mark.parametrize("name", MODULES)
def test_what_an_older_version_wrote_has_the_usual_signatures(loaded_module, name, tmp_path):
    model = ImageClassifier(loaded_module, {"tags": SigmoidHead(["a"]), "kind": SoftmaxHead(["b", "c"])})
    exporter(name)(model, str(tmp_path / "export"))
    path = tmp_path / "export" / "assets.extra" / "retrain.json"
    about = json.loads(path.read_text())
    for of in about["tasks"].values():
        del of["signature"]
    path.write_text(json.dumps(about))
    found = load_classifier(str(tmp_path / "export")).signatures
    assert found == {"tags": "image_classification", "kind": "image_classification/kind"}


@pytest.mark.parametrize("handle", ["builtin:gradients", "keras:MobileNetV2:none"])
def test_modules_that_are_no_exports(handle, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as raised:
        load_classifier(handle)
    assert str(raised.value) == (
        f"{handle!r} is no classifier exported by retrain: it has no assets.extra/retrain.json; name a run "
        "or its export/saved_model; predict and evaluate take other classifiers with --label_map."
    )


def test_the_default_module_is_no_export_wherever_it_is_asked_for(trained_run, monkeypatch):
    monkeypatch.chdir(trained_run / "export" / "saved_model")
    with pytest.raises(InputError, match="'builtin:gradients' is no classifier exported by retrain"):
        load_classifier("builtin:gradients")
