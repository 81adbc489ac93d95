import numpy as np
import pytest
import tensorflow as tf

from retrain.errors import InputError
from retrain.modules.sources.saved_model_methods import by_key, read_method, traces

IMAGES = tf.TensorSpec([None, 4, 4, 3])


def loaded(directory, function, *trace_arguments):
    """The function, traced with each of the arguments, saved and loaded."""
    module = tf.Module()
    module.method = tf.function(function)
    for positional, keywords in trace_arguments:
        module.method.get_concrete_function(*positional, **keywords)
    tf.saved_model.save(module, str(directory))
    return tf.saved_model.load(str(directory)).method


def says_training(images, training):
    """1 for training, -1 for None, 0 for inference."""
    if isinstance(training, tf.Tensor):
        says = tf.cast(training, tf.float32)
    else:
        says = {True: 1.0, False: 0.0, None: -1.0}[training]
    return tf.reduce_mean(images, [1, 2]) * 0.0 + says


@pytest.mark.parametrize(
    ("values", "in_inference", "in_training"),
    [
        ([False, True], 0, 1),
        ([True, False], 0, 1),
        ([False], 0, 0),
        ([True], 1, 1),
        ([None], -1, -1),
        ([None, True], -1, 1),
        ([tf.TensorSpec([], tf.bool)], 0, 1),
    ],
)
def test_training_is_said_as_the_traces_allow(tmp_path, values, in_inference, in_training):
    function = loaded(tmp_path, says_training, *[((IMAGES, value), {}) for value in values])
    method = read_method(function, "m")
    images = tf.zeros([2, 4, 4, 3])
    assert (method(images, False)["default"].numpy() == in_inference).all()
    assert (method(images, True)["default"].numpy() == in_training).all()


def test_without_training(tmp_path):
    method = read_method(loaded(tmp_path, lambda inputs: inputs[:, 0, 0] * 2.0, ((IMAGES,), {})), "m")
    images = np.random.default_rng(0).random((2, 4, 4, 3), np.float32)
    for training in (False, True):
        np.testing.assert_array_equal(method(images, training)["default"], images[:, 0, 0] * 2)
    assert method.images == [tf.TensorSpec([None, 4, 4, 3], name="inputs")]
    assert method.outputs["default"].shape.as_list() == [None, 3]


def test_other_arguments_are_left_to_their_defaults(tmp_path):
    def function(images, mask=None, training=False):
        return says_training(images, training)

    keywords = [((IMAGES,), {"training": training}) for training in (False, True)]
    method = read_method(loaded(tmp_path, function, *keywords), "m")
    assert (method(tf.zeros([1, 4, 4, 3]), True)["default"].numpy() == 1).all()


def test_signatures_are_called_by_name(tmp_path):
    module = tf.Module()
    signature = tf.function(lambda pixels: {"logits": pixels[:, 0, 0]}).get_concrete_function(
        tf.TensorSpec([None, 4, 4, 3], name="pixels")
    )
    tf.saved_model.save(module, str(tmp_path), signatures=signature)
    function = tf.saved_model.load(str(tmp_path)).signatures["serving_default"]
    method = read_method(function, "m")
    assert method.keyword == "pixels"
    images = tf.random.uniform([2, 4, 4, 3])
    np.testing.assert_array_equal(method(images, False)["default"], images[:, 0, 0])


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        (tf.TensorSpec([None, 4, 4, 1]), "float32 [None, 4, 4, 1]"),
        (tf.TensorSpec([1, 4, 4, 3]), "float32 [1, 4, 4, 3]"),
        (tf.TensorSpec([None, 4, 4, 3], tf.uint8), "uint8 [None, 4, 4, 3]"),
        (tf.TensorSpec([None], tf.string), "string [None]"),
        (tf.TensorSpec(None, tf.string), "string of any shape"),
        ([IMAGES, IMAGES], "a list"),
    ],
)
def test_functions_of_something_else(tmp_path, spec, found):
    function = loaded(tmp_path, lambda inputs: tf.nest.flatten(inputs)[0], ((spec,), {}))
    with pytest.raises(InputError) as info:
        read_method(function, "m")
    assert str(info.value) == (
        f"'m' takes {found}, and an image module takes RGB images in batches of any size, float32 [None, "
        f"height, width, 3]: use a module made for these."
    )


@pytest.mark.parametrize("signature", [False, True])
def test_images_are_not_all_that_it_takes(tmp_path, signature):
    module = tf.Module()
    module.method = tf.function(
        lambda images, meta: images[:, 0, 0] + meta, [IMAGES, tf.TensorSpec([None, 3])]
    )
    tf.saved_model.save(module, str(tmp_path), signatures=module.method if signature else None)
    found = tf.saved_model.load(str(tmp_path))
    with pytest.raises(InputError) as info:
        read_method(found.signatures["serving_default"] if signature else found.method, "m")
    assert str(info.value) == (
        "'m' takes float32 [None, 4, 4, 3] with float32 [None, 3], and an image module takes RGB images in "
        "batches of any size, float32 [None, height, width, 3]: use a module made for these."
    )


def test_traces_for_something_else_are_passed_over(tmp_path):
    specs = [tf.TensorSpec([1, 4, 4, 3]), tf.TensorSpec([None, None, None, 3])]
    function = loaded(tmp_path, lambda images: images[:, 0, 0], *[((spec,), {}) for spec in specs])
    assert [spec.shape.as_list() for spec in read_method(function, "m").images] == [[None, None, None, 3]]


def test_traces_of_nothing():
    assert traces(None) == traces(print) == []


def test_by_key():
    assert by_key(7) == {"default": 7}
    assert by_key({"logits": 7}) == {"default": 7}
    assert list(by_key({"b": 1, "default": 2, "a": 3}).items()) == [("default", 2), ("a", 3), ("b", 1)]
    assert by_key((1, 2)) == {"output_0": 1, "output_1": 2}
