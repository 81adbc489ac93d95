"""What is proven against the genuine library is in tests/legacy; here, what needs no other library."""

import pathlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel
from tensorflow.python.saved_model import nested_structure_coder

from retrain.errors import InputError
from retrain.modules.loading import load_module
from retrain.modules.signatures import IMAGE_CLASSIFICATION, IMAGE_FEATURE_VECTOR
from retrain.modules.sources.source import DEFAULTS
from retrain.modules.sources.tf1_hub import load
from retrain.settings.module import ModuleSettings
from tests.tiny_tf1_hub import averaging_module

IMAGES = np.random.default_rng(0).random((4, 8, 8, 3), np.float32)
MEANS = IMAGES.mean(axis=(1, 2))
KINDS = pytest.mark.parametrize("use_resource", [False, True], ids=["ref", "resource"])


def sentence(handle: str, settings: ModuleSettings = DEFAULTS) -> str:
    with pytest.raises(InputError) as info:
        load(handle, handle, settings)
    return str(info.value)


@KINDS
def test_inference_and_training(tmp_path, use_resource):
    module = load(averaging_module(tmp_path / "m", 2.0, use_resource=use_resource), "m", DEFAULTS)
    assert {variable.name for variable in module.variables} == {"scale:0", "average:0"}
    [scale] = module.trainable_variables
    [average] = [variable for variable in module.variables if variable is not scale]
    np.testing.assert_allclose(module(IMAGES), 2 * MEANS, rtol=1e-6)
    np.testing.assert_array_equal(average, np.zeros(3))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(module(IMAGES, training=True)) + module.regularization_losses[0]()
    np.testing.assert_allclose(tape.gradient(loss, scale), MEANS.sum(axis=0) + 1, rtol=1e-6)
    np.testing.assert_allclose(average, 0.1 * MEANS.mean(axis=0), rtol=1e-6)
    for _ in range(2):
        module(IMAGES, training=True)
    np.testing.assert_allclose(average, (1 - 0.9**3) * MEANS.mean(axis=0), rtol=1e-5)


def test_a_module_for_inference_only_is_the_same_in_training(tmp_path):
    module = load(averaging_module(tmp_path / "m", tags=((),)), "m", DEFAULTS)
    np.testing.assert_array_equal(module(IMAGES, training=True), module(IMAGES))
    assert len(module.trainable_variables) == len(module.regularization_losses) == 1
    assert all(not variable.numpy().any() for variable in module.variables if not variable.trainable)


def test_all_outputs_are_offered_and_any_can_be_the_features(tmp_path):
    handle = averaging_module(tmp_path / "m")
    module = load(handle, "m", DEFAULTS)
    assert set(module.outputs(IMAGES, IMAGE_FEATURE_VECTOR)) == {"default", "Mean/pixels"}
    module = load_module(handle, ModuleSettings(feature_output="Mean/pixels"))
    assert module.num_features == 3
    np.testing.assert_allclose(module(IMAGES), MEANS, rtol=1e-6)


FEATURES, CLASSES = IMAGE_FEATURE_VECTOR, IMAGE_CLASSIFICATION


@pytest.mark.parametrize(
    ("signatures", "kind", "expected"),
    [
        ({"default": 1.0, FEATURES: 2.0}, None, {"default": 1, FEATURES: 2}),
        ({"default": 1.0}, None, {"default": 1, FEATURES: 1}),
        ({"default": 1.0}, CLASSES, {"default": 1, CLASSES: 1}),
        ({"default": 1.0, CLASSES: 2.0}, None, {"default": 1, CLASSES: 2}),
        ({"default": 1.0, CLASSES: 2.0}, FEATURES, {"default": 1, FEATURES: 1, CLASSES: 2}),
        ({FEATURES: 2.0, CLASSES: 3.0}, None, {FEATURES: 2, CLASSES: 3}),
    ],
)
def test_what_stands_for_which_signature(tmp_path, signatures, kind, expected):
    module = load(
        averaging_module(tmp_path / "m", signatures=signatures), "m", ModuleSettings(module_kind=kind)
    )
    found = {
        name: float(np.mean(module.outputs(IMAGES, name)["default"] / MEANS)) for name in module.signatures
    }
    assert found == pytest.approx(expected)


@pytest.mark.parametrize(
    ("size", "attached", "given", "expected"),
    [
        ((8, 6), None, None, (8, 6)),
        ((None, None), (8, 6), None, (8, 6)),
        ((None, None), (8, 6), 4, (4, 4)),
        ((None, None), None, 4, (4, 4)),
    ],
)
def test_image_size(tmp_path, size, attached, given, expected):
    handle = averaging_module(tmp_path / "m", size=size, attached_size=attached)
    module = load(handle, handle, ModuleSettings(image_size=given))
    assert module.image_size == expected
    assert module(np.zeros((2, *expected, 3), np.float32)).shape == (2, 3)


def test_size_is_left_to_the_user(tmp_path):
    handle = averaging_module(tmp_path / "m", size=(None, None))
    assert sentence(handle) == (
        f"{handle!r} takes images of any size; say with --image_size which to give it, as a rule the one "
        f"that it was trained on."
    )


def test_a_variable_used_in_another_way_is_refused(tmp_path):
    def gather(images, scale):
        return tf.reduce_sum(scale.sparse_read([0], name="gathered"))

    handle = averaging_module(tmp_path / "m", extra=gather, use_resource=True)
    assert sentence(handle) == (
        f"{handle!r} cannot be used as a TF1 Hub module: its operation 'gathered' (ResourceGather) uses the "
        f"variable 'scale' otherwise than by reading or assigning it, which cannot be rewritten for "
        f"TensorFlow {tf.__version__}."
    )


def signatures_edited(handle: str, edit: Callable[[Any], None]) -> str:
    """The module after `edit` of the inputs of every signature."""
    file = pathlib.Path(handle, "saved_model.pb")
    module = SavedModel.FromString(file.read_bytes())
    for graph in module.meta_graphs:
        for definition in graph.signature_def.values():
            edit(definition.inputs)
    file.write_bytes(module.SerializeToString())
    return handle


def other_images(dtype: tf.DType, *shape: int | None) -> Callable[[Any], None]:
    def edit(inputs: Any) -> None:
        inputs["images"].dtype = dtype.as_datatype_enum
        inputs["images"].tensor_shape.CopyFrom(tf.TensorShape(shape).as_proto())

    return edit


def ragged(inputs: Any) -> None:
    spec = nested_structure_coder.encode_structure(tf.RaggedTensorSpec([None, None, None, 3]))
    inputs["images"].ClearField("name")
    inputs["images"].composite_tensor.type_spec.CopyFrom(spec.type_spec_value)


def two(inputs: Any) -> None:
    inputs["boxes"].CopyFrom(inputs["images"])


@pytest.mark.parametrize(
    ("edit", "found"),
    [
        (other_images(tf.float32, None, 8, 8, 1), "float32 [None, 8, 8, 1]"),
        (other_images(tf.float32, None, 3, 8, 8), "float32 [None, 3, 8, 8]"),
        (other_images(tf.uint8, None, 8, 8, 3), "uint8 [None, 8, 8, 3]"),
        (other_images(tf.float32, 32, 8, 8, 3), "float32 [32, 8, 8, 3]"),
        (ragged, "a RaggedTensorSpec"),
        (two, "float32 [None, 8, 8, 3] with float32 [None, 8, 8, 3]"),
    ],
)
def test_what_takes_no_images_is_told_as_of_a_saved_model(tmp_path, edit, found):
    handle = signatures_edited(averaging_module(tmp_path / "m"), edit)
    assert sentence(handle) == (
        f"{handle!r} takes {found}, and an image module takes RGB images in batches of any size, float32 "
        f"[None, height, width, 3]: use a module made for these."
    )


def test_an_input_may_have_another_name(tmp_path):
    def rename(inputs: Any) -> None:
        inputs["x"].CopyFrom(inputs["images"])
        del inputs["images"]

    handle = signatures_edited(averaging_module(tmp_path / "m"), rename)
    np.testing.assert_allclose(load(handle, handle, DEFAULTS)(IMAGES), MEANS, rtol=1e-6)


def test_no_signature_takes_images_alone(tmp_path):
    handle = averaging_module(tmp_path / "m", signatures={"caption": 1.0, "detect": 1.0})
    module = load(handle, handle, DEFAULTS)
    assert set(module.signatures) == {"caption", "detect"}
    with pytest.raises(InputError) as info:
        load_module(handle)
    assert str(info.value) == (
        f"{handle!r} has no signature 'image_feature_vector'; it has: caption, detect. Use a module that "
        f"follows the Common Signatures for Images, or say with --module_kind what its outputs are."
    )


def test_fingerprint_tells_which_signature_was_chosen(tmp_path):
    handle = averaging_module(tmp_path / "m")
    assert (
        len(
            {
                load(handle, "m", ModuleSettings(module_kind=kind)).fingerprint
                for kind in (None, FEATURES, CLASSES)
            }
        )
        == 3
    )


def test_a_step_compiled_by_xla(tmp_path):
    module = load(averaging_module(tmp_path / "m"), "m", DEFAULTS)

    @tf.function(jit_compile=True)
    def gradient(images):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(module(images, training=True)) + module.regularization_losses[0]()
        return tape.gradient(loss, module.trainable_variables)

    [found] = gradient(tf.constant(IMAGES))
    np.testing.assert_allclose(found, MEANS.sum(axis=0) + 1, rtol=1e-5)
    assert all(variable.numpy().any() for variable in module.variables)
