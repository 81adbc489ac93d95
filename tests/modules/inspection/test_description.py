import pathlib

import tensorflow as tf

from retrain.modules.inspection.description import Description, describe
from retrain.modules.inspection.examined_module import ExaminedModule
from retrain.modules.signatures import IMAGE_FEATURE_VECTOR, image_signature
from tests import tiny_tf1_hub, tiny_worlds
from tests.broken_modules import hub_module, mean


def described(handle: str) -> Description:
    return describe(ExaminedModule(handle))


def size_of(directory: pathlib.Path) -> int:
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


def test_a_module_of_the_tf1_hub_format(tmp_path):
    path = tiny_tf1_hub.averaging_module(tmp_path / "module")
    found = described(path)
    assert list(found.signatures) == ["default", "image_feature_vector"]
    assert found.operations > 5
    assert found._replace(signatures={}, operations=9) == Description(
        handle=path,
        format="TF1 Hub module",
        size_on_disk=size_of(tmp_path / "module"),
        image_size=(8, 8),
        parameters=6,
        trainable_variables=1,
        trainable_parameters=3,
        update_ops=1,
        regularization_losses=1,
        flops_per_image=0,
        operations=9,
        other_operations=[],
        signatures={},
    )


def test_a_saved_model(averaging_module):
    found = described(averaging_module)
    assert found.format == "TF2 SavedModel"
    assert found.size_on_disk == size_of(pathlib.Path(averaging_module))
    assert (found.parameters, found.trainable_parameters, found.update_ops) == (6, 3, 1)
    assert list(found.signatures) == ["image_feature_vector"]


def test_a_keras_file(tmp_path):
    path = tiny_worlds.keras_file(tmp_path)
    found = described(path)
    assert (found.format, found.size_on_disk) == ("Keras model", pathlib.Path(path).stat().st_size)
    assert (found.parameters, found.trainable_parameters, found.update_ops) == (12, 6, 2)


def test_the_embedded_module_without_weights():
    outputs = {"default": tf.TensorSpec([None, 2906], tf.float32)}
    signatures = {IMAGE_FEATURE_VECTOR: image_signature((128, 128), outputs)}
    found = described("builtin:gradients")
    assert found.flops_per_image > 10**6
    assert found._replace(flops_per_image=0) == Description(
        "builtin:gradients", "embedded in retrain", None, (128, 128), 0, 0, 0, 0, 0, 0, None, None, signatures
    )


def test_what_cannot_be_told_is_none(tmp_path):
    found = described(hub_module(tmp_path, shape=(None, 8, 8, 1)))
    assert found[3:-3] == (None,) * 7
    assert list(found.signatures) == ["default", "image_feature_vector"]
    (tmp_path / "saved_model.pb").write_bytes(b"")
    assert described(str(tmp_path)).signatures == {}


def test_a_cost_that_depends_on_the_values(tmp_path):
    def body(images, training):
        bright = tf.boolean_mask(images, tf.reduce_mean(images, axis=[1, 2, 3]) > 0.5)
        return mean(images, training) + tf.reduce_sum(tf.nn.conv2d(bright, tf.ones([1, 1, 3, 1]), 1, "SAME"))

    assert described(hub_module(tmp_path, body)).flops_per_image is None
