import numpy as np
import pytest
from PIL import Image

from retrain.data.images import load_image
from retrain.errors import InputError
from retrain.exporters import exporter
from retrain.exporters.assets import module_decoding
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from retrain.modules.loading import load_module
from retrain.settings.data import Decoding
from retrain.settings.head import HeadSettings
from retrain.settings.module import ModuleSettings
from retrain.sklearn.training import export, features_of, fit_head, frozen_module, softmax
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


def test_images_are_made_small_as_for_the_training_of_the_module(averaging_module, tmp_path):
    heads, decoding = {"label": SoftmaxHead(["a", "b"])}, Decoding("black", antialias=True)
    run = str(tmp_path / "run")
    exporter("saved_model")(ImageClassifier(load_module(averaging_module), heads, decoding=decoding), run)
    noise = np.random.default_rng(0).integers(0, 256, [90, 90, 3], np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    settings = ModuleSettings(tfhub_module=run, feature_cache="none")
    module = frozen_module(settings)
    expected = load_image(str(tmp_path / "noise.png"), (8, 8), decoding).numpy().mean(axis=(0, 1))
    for images in ([str(tmp_path / "noise.png")], noise[None]):
        np.testing.assert_allclose(features_of(module, images, settings), [expected], rtol=1e-5)
    export(module, (["a", "b"], np.zeros([3, 2]), np.zeros(2)), str(tmp_path / "again"), "saved_model")
    assert module_decoding(str(tmp_path / "again")) == decoding
