import numpy as np
import pytest

from retrain.errors import InputError
from retrain.settings.head import HeadSettings
from retrain.settings.module import ModuleSettings
from retrain.sklearn.training import features_of, fit_head, frozen_module, softmax
from tests.commands.worlds import FAST


def test_a_module_is_loaded_once(averaging_module):
    settings = ModuleSettings(tfhub_module=averaging_module)
    assert frozen_module(settings) is frozen_module(ModuleSettings(tfhub_module=averaging_module))


def test_a_module_that_is_none():
    with pytest.raises(InputError, match=r"^'gone' does not exist; a module handle is "):
        frozen_module(ModuleSettings(tfhub_module="gone"))


def test_features_of_arrays_and_what_gives_none(averaging_module, tmp_path):
    settings = ModuleSettings(tfhub_module=averaging_module, feature_cache=str(tmp_path))
    module = frozen_module(settings)
    images = np.full([2, 8, 8, 3], [0, 102, 255], np.uint8)
    np.testing.assert_allclose(features_of(module, list(images), settings), [[0, 0.4, 1]] * 2, atol=1e-6)
    assert [*tmp_path.iterdir()] == []  # where features of files are kept
    (tmp_path / "1.png").write_bytes(b"no image")
    with pytest.raises(InputError) as raised:
        features_of(module, [tmp_path / "1.png"], settings)
    path = str(tmp_path / "1.png")
    assert (
        str(raised.value) == f"{path!r} gives no image (not a file of an image): leave it out, and its label."
    )
    with pytest.raises(InputError) as raised:
        features_of(module, [images[0], b"no image"], settings)
    assert str(raised.value) == "X[1] gives no image (not a file of an image): leave it out, and its label."


def test_a_head_on_features():
    features = np.repeat(np.eye(3, dtype=np.float32), 4, axis=0)
    codes = np.repeat(np.arange(3), 4)
    found = fit_head(features, codes, np.ones(12, np.float32), HeadSettings(**FAST))
    logits = features @ found.kernel + found.bias
    assert logits.argmax(axis=1).tolist() == codes.tolist()


def test_softmax_is_that_of_large_numbers_too():
    assert softmax(np.asarray([[1000.0, 0.0], [0.0, 0.0]], np.float32)).tolist() == [[1.0, 0.0], [0.5, 0.5]]
