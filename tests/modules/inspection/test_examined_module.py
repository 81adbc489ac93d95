import numpy as np
import pytest
import tensorflow as tf

from retrain.errors import InputError
from retrain.modules.inspection.examined_module import CannotRunError, ExaminedModule, made_images, run
from retrain.settings.module import ModuleSettings
from tests import tiny_worlds
from tests.broken_modules import hub_module


def test_images_are_made_alike_in_range_and_different():
    images = made_images((8, 6))
    assert images.shape == (8, 8, 6, 3)
    assert images.dtype == np.float32
    assert (images.min(), images.max()) == (0.0, 1.0)
    assert np.array_equal(images, made_images((8, 6)))
    assert len(np.unique(images.reshape(8, -1), axis=0)) == 8


def test_what_its_files_declare(tmp_path, averaging_module):
    hub = ExaminedModule(hub_module(tmp_path / "hub", input_name="image", attached_size=(9, 7)))
    assert list(hub.declared) == ["default", "image_feature_vector"]
    assert list(hub.declared["default"].inputs) == ["image"]
    assert hub.spec.attached_image_size == (9, 7)
    assert ExaminedModule(averaging_module).declared == {}
    named = {"image_feature_vector": 1.0, "other": 1.0}
    path = tiny_worlds.averaging_module(tmp_path / "named", signatures=named)
    assert list(ExaminedModule(path).declared) == ["image_feature_vector"]


def test_what_it_gives(averaging_module):
    examined = ExaminedModule(averaging_module)
    means = made_images((8, 8)).mean(axis=(1, 2))
    assert examined.kinds == ["image_feature_vector"]
    np.testing.assert_allclose(examined.outputs("image_feature_vector")["default"], means, atol=1e-6)
    np.testing.assert_allclose(examined.outputs("image_feature_vector", 3)["default"], means[:3], atol=1e-6)
    np.testing.assert_allclose(examined.called()["default"], means, atol=1e-6)


def test_a_module_that_is_refused(tmp_path):
    examined = ExaminedModule(hub_module(tmp_path, shape=(None, 8, 8, 1)))
    assert examined.module is None
    assert examined.refusal.startswith(f"{str(tmp_path)!r} ")
    with pytest.raises(CannotRunError, match="it could not be loaded"):
        examined.outputs("image_feature_vector")


def test_a_module_that_cannot_be_run(tmp_path):
    def body(images, training):
        return tf.reduce_mean(tf.reshape(images, [8, 64, 3]), axis=1)

    examined = ExaminedModule(hub_module(tmp_path, body))
    assert examined.outputs("image_feature_vector")["default"].shape == (8, 3)
    with pytest.raises(CannotRunError, match="image_feature_vector of 3 images: "):
        examined.outputs("image_feature_vector", 3)
    with pytest.raises(CannotRunError, match="other of 8 images: "):
        run(examined.loaded, "other", made_images((8, 8)))


def test_a_size_is_taken_when_none_is_named(tmp_path):
    path = tiny_worlds.averaging_module(tmp_path / "module", size=(None, None))
    assert ExaminedModule(path).names_no_size
    assert ExaminedModule(path).loaded.image_size == (224, 224)
    chosen = ExaminedModule(path, ModuleSettings(image_size=10))
    assert (chosen.names_no_size, chosen.loaded.image_size) == (False, (10, 10))
    assert chosen.at_size(5).image_size == (5, 5)


def test_a_size_that_is_not_taken(averaging_module):
    examined = ExaminedModule(averaging_module, ModuleSettings(image_size=10))
    assert examined.refusal == (
        f"{averaging_module!r} takes images of 8 x 8 pixels, and --image_size says 10 x 10; leave "
        "--image_size out, or use a module made for that size."
    )


def test_no_module_at_all(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        ExaminedModule(str(tmp_path / "nothing"))
