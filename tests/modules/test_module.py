"""The consumer's interface, as the specification shows it."""

import contextlib
import logging

import keras
import numpy as np
import pytest
import tensorflow as tf

import retrain.modules as hub
from retrain.errors import InputError
from tests import tiny_tf1_hub, tiny_worlds
from tests.modules.sources.test_tf1_hub import ragged, signatures_edited

BATCH = np.random.default_rng(0).random((4, 8, 8, 3), np.float32)
MEANS = BATCH.mean(axis=(1, 2))
SOURCES = {
    "tf1_hub": tiny_tf1_hub.averaging_module,
    "saved_model": tiny_worlds.averaging_module,
    "keras": tiny_worlds.keras_file,
    "builtin": lambda directory: "builtin:gradients",
}


@pytest.fixture(scope="module", params=SOURCES)
def handle(request, tmp_path_factory) -> str:
    return SOURCES[request.param](tmp_path_factory.mktemp("module") / "m")


@pytest.fixture(scope="module")
def tf1_hub(tmp_path_factory) -> str:
    return tiny_tf1_hub.averaging_module(tmp_path_factory.mktemp("module") / "m")


def sentence(function, *arguments, **named) -> str:
    with pytest.raises(InputError) as info:
        function(*arguments, **named)
    return str(info.value)


# https://www.tensorflow.org/hub/common_signatures/images: what is left to the reader there is put in below.
USAGE = """
module_spec = hub.load_module_spec("path/to/module")
height, width = hub.get_expected_image_size(module_spec)
images = ...  # A batch of images with shape [batch_size, height, width, 3].
module = hub.Module(module_spec)
features = module(images)   # A batch with shape [batch_size, num_features].
"""
NAMED = """
outputs = module(dict(images=images), signature="image_feature_vector",
                 as_dict=True)
features = outputs["default"]
"""


def test_the_snippets_of_the_specification(handle):
    def batch(height: int, width: int) -> np.ndarray:
        return np.random.default_rng(0).random((2, height, width, 3), np.float32)

    names = {"hub": hub, "batch": batch}
    exec(USAGE.replace('"path/to/module"', repr(handle)).replace("...", "batch(height, width)"), names)
    unnamed = names["features"]
    exec(NAMED, names)
    np.testing.assert_array_equal(names["features"], unnamed)
    [length] = names["module_spec"].get_output_info_dict()["default"].shape[1:]
    assert unnamed.shape == (2, length)
    size = [names["height"], names["width"]]
    assert hub.get_expected_image_size(names["module"]) == size
    assert hub.get_num_image_channels(names["module"]) == 3


def test_a_classification_is_the_default_where_it_is_designated(tmp_path):
    signatures = {"default": 2.0, "image_feature_vector": 1.0, "image_classification": 2.0}
    module = hub.Module(tiny_tf1_hub.averaging_module(tmp_path / "m", signatures=signatures))
    np.testing.assert_allclose(module(BATCH), 2 * MEANS, rtol=1e-6)
    np.testing.assert_allclose(module({"images": BATCH}, signature="image_feature_vector"), MEANS, rtol=1e-6)


def test_all_outputs_by_key(tf1_hub):
    assert set(hub.Module(tf1_hub)(BATCH, as_dict=True)) == {"default", "Mean/pixels"}


def test_frozen(tf1_hub):
    module = hub.Module(tf1_hub)
    assert (len(module.variables), len(module.trainable_variables), len(module.regularization_losses)) == (
        2,
        0,
        0,
    )
    before = [variable.numpy() for variable in module.variables]
    module(BATCH)
    assert all(np.array_equal(*pair) for pair in zip(before, module.variables, strict=True))


@pytest.mark.parametrize(("tags", "moved"), [(None, False), ({"train"}, True)])
def test_trainable(tf1_hub, tags, moved):
    module = hub.Module(tf1_hub, trainable=True, tags=tags)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(module(BATCH)) + sum(loss() for loss in module.regularization_losses)
    [gradient] = tape.gradient(loss, module.trainable_variables)
    np.testing.assert_allclose(gradient, MEANS.sum(axis=0) + 1, rtol=1e-6)
    [average] = [variable for variable in module.variables if not variable.trainable]
    assert average.numpy().any() == moved


WAYS = [{}, {"trainable": True}, {"trainable": True, "tags": {"train"}}]


def named(variables) -> set[int]:
    return {id(variable) for variable in variables}


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_parent_finds_what_the_module_says(handle, way):
    parent = tf.Module()
    parent.base = module = hub.Module(handle, **way)
    parent.head = tf.Variable([1.0])
    assert named(parent.trainable_variables) == named([*module.trainable_variables, parent.head])
    assert named(parent.variables) == named([*module.variables, parent.head])


@pytest.mark.parametrize("trainable", [False, True])
def test_a_keras_model_that_will_not_train_it_is_told(tf1_hub, caplog, trainable):
    class Parent(keras.Model):
        def __init__(self):
            super().__init__()
            self.base = hub.Module(tf1_hub, trainable=trainable)

        def call(self, images):
            return self.base(images)

    parent = Parent()
    with caplog.at_level(logging.WARNING):
        parent(BATCH)
        parent(BATCH)
        parent.base(BATCH)
    assert caplog.messages == trainable * [
        f"{tf1_hub!r} is called in a Keras layer or model, which finds the variables of layers only, and its "
        f"fit will not train this module: use retrain.keras.ModuleLayer({tf1_hub!r}, trainable=True) instead."
    ]


def test_a_module_that_a_function_makes_at_its_first_call(handle, caplog):
    made = []

    @tf.function
    def features(images):
        if not made:
            made.append(hub.Module(handle, trainable=True, tags={"train"}))
        return made[0](images)

    outside = hub.Module(handle, trainable=True, tags={"train"})
    images = np.zeros((2, *hub.get_expected_image_size(outside), 3), np.float32)
    for _ in range(2):
        np.testing.assert_allclose(features(images), outside(images), rtol=1e-5)
    for inside, variable in zip(made[0].variables, outside.variables, strict=True):
        np.testing.assert_allclose(inside, variable, rtol=1e-5)
    # AutoGraph would say so of what it cannot read.
    assert caplog.messages == []


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("source", ["tf1_hub", "saved_model", "builtin"])
def test_in_a_graph_of_tensorflow_1(source, way, tmp_path):
    handle = SOURCES[source](tmp_path / "m")
    with tf.Graph().as_default():
        module = hub.Module(handle, name="base", **way)
        images = np.full((2, *hub.get_expected_image_size(module), 3), 0.5, np.float32)
        features = module(images)
        assert named(tf.compat.v1.trainable_variables()) == named(module.trainable_variables)
        with tf.compat.v1.Session() as session:
            session.run(tf.compat.v1.global_variables_initializer())
            found = session.run(features)
    np.testing.assert_allclose(found, hub.Module(handle)(images), atol=1e-6)
    assert all(variable.op.name.startswith("base/") for variable in module.variables)


@pytest.mark.parametrize("way", WAYS[1:], ids=str)
@pytest.mark.parametrize("source", ["tf1_hub", "saved_model"])
def test_three_steps_in_a_graph_are_three_steps_outside(source, way, tmp_path):
    handle = SOURCES[source](tmp_path / "m")
    outside = hub.Module(handle, **way)
    for _ in range(3):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(outside(BATCH) ** 2) + sum(loss() for loss in outside.regularization_losses)
        gradients = tape.gradient(loss, outside.trainable_variables)
        for variable, gradient in zip(outside.trainable_variables, gradients, strict=True):
            variable.assign_sub(0.1 * gradient)
    v1 = tf.compat.v1
    with tf.Graph().as_default():
        module = hub.Module(handle, **way)
        found = tf.reduce_mean(module(BATCH) ** 2) + v1.losses.get_regularization_loss()
        with tf.control_dependencies(v1.get_collection(v1.GraphKeys.UPDATE_OPS)):
            step = v1.train.GradientDescentOptimizer(0.1).minimize(found)
        with v1.Session() as session:
            session.run(v1.global_variables_initializer())
            losses = [session.run([found, step])[0] for _ in range(3)]
            values = {variable.op.name: session.run(variable) for variable in module.variables}
    np.testing.assert_allclose(losses[-1], loss, rtol=0, atol=1e-6)
    for variable in outside.variables:
        value = values[f"module/{variable.name.partition(':')[0]}"]
        np.testing.assert_allclose(value, variable, rtol=0, atol=1e-6)


def test_a_keras_model_is_no_part_of_a_graph(tmp_path):
    handle = tiny_worlds.keras_file(tmp_path / "m")
    with tf.Graph().as_default():
        assert sentence(hub.Module, handle) == (
            f"{handle!r} is a Keras model, which cannot be part of a graph of TensorFlow 1; save it where "
            f"Keras runs, with model.export('DIRECTORY'), and use that SavedModel in the graph."
        )


def test_another_graph_than_it_was_made_in(tf1_hub):
    wanted = (
        f"{tf1_hub!r} is called in another graph of TensorFlow 1 than hub.Module was made in; make it where "
        f"it is called."
    )
    module = hub.Module(tf1_hub)
    with tf.Graph().as_default():
        assert sentence(module, BATCH) == wanted
        module = hub.Module(tf1_hub)
    assert sentence(module, BATCH) == wanted


def test_what_it_tells_of_itself(tf1_hub):
    module = hub.Module(tf1_hub, trainable=True, tags={"train"})
    assert module.get_signature_names() == ["default", "image_feature_vector"]
    images = module.get_input_info_dict()["images"]
    assert (images.get_shape().as_list(), images.dtype) == ([None, 8, 8, 3], tf.float32)
    assert set(module.get_output_info_dict("image_feature_vector")) == {"default", "Mean/pixels"}
    assert sorted(module.variable_map) == ["average", "scale"]


def test_a_saved_model_is_not_exported(tmp_path):
    handle = tiny_worlds.averaging_module(tmp_path / "m")
    assert sentence(hub.Module(handle).export, str(tmp_path / "other")) == (
        f"{handle!r} cannot be exported by hub.Module, which writes the TF1 Hub format of modules that came "
        f"in it; save it with tf.saved_model.save."
    )


def test_it_is_saved_and_checkpointed_as_any_module(handle, tmp_path):
    module = hub.Module(handle, trainable=True, tags={"train"})
    size = hub.get_expected_image_size(module)
    module.call = tf.function(
        lambda images: module(images), input_signature=[tf.TensorSpec([None, *size, 3])]
    )
    tf.saved_model.save(module, str(tmp_path / "saved"))
    path = tf.train.Checkpoint(module=module).save(str(tmp_path / "checkpoint"))
    again = tf.train.Checkpoint(module=hub.Module(handle))
    again.restore(path).assert_existing_objects_matched()


def test_the_train_graph_is_for_training(tf1_hub):
    assert sentence(hub.Module, tf1_hub, tags={"train"}) == (
        f"The graph of {tf1_hub!r} with the tag 'train' changes its variables; ask for it with "
        f"trainable=True."
    )


@pytest.mark.parametrize("take", [hub.Module, hub.load])
def test_sentences_speak_of_arguments_of_load_module(tmp_path, take):
    with pytest.raises(InputError) as info:
        take(tiny_worlds.talking_module(tmp_path / "talking"))
    assert "--" not in str(info.value)


def test_tags_that_are_not_there(tf1_hub):
    assert sentence(hub.Module, tf1_hub, tags={"tpu"}) == (
        f"{tf1_hub!r} has no graph with the tags ['tpu']; it has: [], ['train']."
    )


def test_a_signature_that_is_not_there(tf1_hub):
    assert sentence(hub.Module(tf1_hub), BATCH, signature="detect") == (
        f"{tf1_hub!r} has no signature 'detect'; it has: default, image_feature_vector."
    )


def test_an_input_that_is_not_there(tf1_hub):
    assert sentence(hub.Module(tf1_hub), {"photos": BATCH}) == (
        f"{tf1_hub!r} takes the input 'images', not 'photos'."
    )


@pytest.mark.parametrize(
    ("images", "found"),
    [
        (BATCH[0], "float32 (8, 8, 3)"),
        (BATCH[..., :1], "float32 (4, 8, 8, 1)"),
        (tf.constant(BATCH, tf.float64), "float64 (4, 8, 8, 3)"),
        ((BATCH * 255).astype(np.uint8), "uint8 (4, 8, 8, 3)"),
        ([*(BATCH * 255).astype(np.uint8)], "int32 (4, 8, 8, 3)"),
    ],
)
def test_images_of_another_kind(tf1_hub, images, found):
    assert sentence(hub.Module(tf1_hub), images) == (
        f"{tf1_hub!r} takes images as float32 (batch, height, width, 3) with values in [0, 1], not as "
        f"{found}; "
        f"tf.image.convert_image_dtype makes them of decoded pixels."
    )


@pytest.mark.parametrize("graph", [False, True])
@pytest.mark.parametrize(
    "images",
    [BATCH.astype(np.float64), (BATCH > 0.5).tolist(), (BATCH > 0.5).astype(np.int64), BATCH > 0.5],
)
def test_arrays_and_lists_of_numbers(tf1_hub, images, graph):
    expected = np.mean(images, (1, 2), np.float32)
    with tf.Graph().as_default() if graph else contextlib.nullcontext():
        means = hub.Module(tf1_hub)(images)
        if graph:
            with tf.compat.v1.Session() as session:
                session.run(tf.compat.v1.global_variables_initializer())
                means = session.run(means)
    np.testing.assert_allclose(means, expected, rtol=1e-6)


@pytest.mark.parametrize(
    "images",
    [tf.ragged.constant([[1.0], [1.0, 2.0]]), tf.sparse.eye(3), [[1.0], [1.0, 2.0]], "photo.jpg", object()],
)
def test_what_makes_no_dense_tensor(tf1_hub, images):
    assert sentence(hub.Module(tf1_hub), images) == (
        f"{tf1_hub!r} takes the input 'images' as a dense tensor, float32 (None, 8, 8, 3), and the "
        f"{type(images).__name__} that was given makes none."
    )


def test_gradients_reach_images_in_a_list(tf1_hub):
    images = [tf.constant(image) for image in BATCH]
    with tf.GradientTape() as tape:
        tape.watch(images)
        means = hub.Module(tf1_hub)(images)
    assert all(gradient is not None for gradient in tape.gradient(means, images))


def test_a_signature_of_ragged_images(tmp_path):
    handle = signatures_edited(tiny_tf1_hub.averaging_module(tmp_path / "m"), ragged)
    assert sentence(hub.Module(handle), BATCH) == (
        f"{handle!r} has 'images' in default as a RaggedTensorSpec, and only dense tensors can be used; its "
        f"signatures are: default, image_feature_vector."
    )


def test_images_of_another_size(tf1_hub):
    assert sentence(hub.Module(tf1_hub), BATCH[:, :4]) == (
        f"{tf1_hub!r} takes the input 'images' as float32 (None, 8, 8, 3), not as float32 (4, 4, 8, 3); "
        f"resize images to hub.get_expected_image_size(module)."
    )


def test_pixels_up_to_255_are_warned_of_once(tf1_hub, caplog):
    module = hub.Module(tf1_hub)
    with caplog.at_level(logging.WARNING):
        module(BATCH)
        assert caplog.messages == []
        module(BATCH / BATCH.max() * 255)
        module(BATCH / BATCH.max() * 255)
    assert caplog.messages == [
        f"{tf1_hub!r} was given images with values up to 255, and images have values in [0, 1]: divide "
        f"decoded pixels by 255."
    ]
