import pathlib
import shutil
import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf

from retrain.errors import InputError
from retrain.keras import ModuleLayer
from retrain.modules.loading import load_module
from retrain.modules.signatures import IMAGE_CLASSIFICATION
from tests import tiny_tf1_hub, tiny_worlds
from tests.contracts.example_modules import KINDS

RATE = 2**-10

every_source = pytest.mark.parametrize("name", KINDS)


@pytest.fixture
def handle(name, tmp_path) -> str:
    return KINDS[name].make(tmp_path / "module", 1.0)


@pytest.fixture
def make_layer(handle):
    return lambda **options: ModuleLayer(handle, **options)


def images(layer: ModuleLayer, count: int = 4) -> np.ndarray:
    return np.random.default_rng(0).random((count, *layer.module.image_size, 3), np.float32)


def classifier(layer: ModuleLayer, optimizer: keras.optimizers.Optimizer | None = None) -> keras.Model:
    """Two sums of the features, trained towards 0."""
    dense = keras.layers.Dense(2, kernel_initializer="ones", use_bias=False)
    model = keras.Sequential([keras.Input((*layer.module.image_size, 3)), layer, dense])
    model.compile(optimizer or keras.optimizers.SGD(RATE), "mse")
    return model


def fit(model: keras.Model, pictures: np.ndarray) -> None:
    model.fit(pictures, np.zeros((len(pictures), 2)), batch_size=4, epochs=1, shuffle=False, verbose=0)


def values(layer: ModuleLayer) -> list[np.ndarray]:
    return [variable.numpy() for variable in layer.module.variables]


def assert_all_close(found, expected, **tolerance) -> None:
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, **tolerance)


@every_source
def test_gives_the_modules_features_for_any_batch_size(make_layer):
    layer = make_layer()
    traced = tf.function(layer)
    for count in (1, 3, 5):
        pictures = images(layer, count)
        np.testing.assert_array_equal(layer(pictures), layer.module(pictures))
        np.testing.assert_allclose(traced(pictures), layer.module(pictures), rtol=1e-5, atol=1e-5)
    assert layer.compute_output_shape((7, *layer.module.image_size, 3)) == (7, layer.module.num_features)
    assert layer(keras.Input((*layer.module.image_size, 3))).shape == (None, layer.module.num_features)


@every_source
def test_weights_are_the_modules_variables_themselves(make_layer):
    layer = make_layer(trainable=True)
    held = {id(weight.value) for weight in layer.weights}
    assert held == {id(variable) for variable in layer.module.variables}
    assert len(layer.weights) == len(layer.module.variables)
    trainable = {id(weight.value) for weight in layer.trainable_weights}
    assert trainable == {id(variable) for variable in layer.module.trainable_variables}


@every_source
def test_frozen_fit_changes_no_variable_of_the_module(make_layer):
    layer = make_layer()
    before = values(layer)
    model = classifier(layer)
    assert layer.trainable_weights == []
    assert model.losses == []
    fit(model, images(layer))
    assert_all_close(values(layer), before, rtol=0)
    assert not np.array_equal(model.layers[-1].kernel, np.ones(model.layers[-1].kernel.shape))


@every_source
def test_a_step_of_fit_is_a_step_of_gradient_descent(make_layer, handle):
    layer = make_layer(trainable=True)
    pictures = images(layer)
    model = classifier(layer)
    module = load_module(handle)
    kernel = tf.Variable(tf.ones([module.num_features, 2]))
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(module(pictures, training=True) @ kernel))
        loss += sum(penalty() for penalty in module.regularization_losses)
    trained = [kernel, *module.trainable_variables]
    for variable, gradient in zip(trained, tape.gradient(loss, trained), strict=True):
        variable.assign_sub(RATE * tf.convert_to_tensor(gradient))
    before = values(layer)
    fit(model, pictures)
    expected = [variable.numpy() for variable in module.variables]
    assert_all_close(values(layer), expected, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(model.layers[-1].kernel, kernel, rtol=1e-5, atol=1e-5)
    changed = [not np.array_equal(one, other) for one, other in zip(before, values(layer), strict=True)]
    assert all(changed)


@every_source
def test_a_file_holds_all_that_is_needed(handle, make_layer, tmp_path):
    layer = make_layer(trainable=True)
    pictures = images(layer)
    model = classifier(layer, keras.optimizers.SGD(1e-3, momentum=0.9))
    fit(model, pictures)
    model.save(tmp_path / "model.keras")
    shutil.rmtree(tmp_path / "module", ignore_errors=True)
    again = keras.models.load_model(tmp_path / "model.keras")
    (tmp_path / "model.keras").unlink()
    loaded = again.layers[0]
    assert (loaded.handle, loaded.trainable) == (handle, True)
    assert {id(weight.value) for weight in loaded.weights} == {id(v) for v in loaded.module.variables}
    assert_all_close(values(loaded), values(layer), rtol=0)
    np.testing.assert_array_equal(again.predict(pictures, verbose=0), model.predict(pictures, verbose=0))
    # It goes on as the model that was saved does, the optimizer's momentum included.
    for one in (model, again):
        fit(one, pictures)
    assert_all_close(values(loaded), values(layer), rtol=1e-4, atol=1e-4)
    # And is saved again, though there is neither the module nor the first file.
    again.save(tmp_path / "again.keras")
    third = keras.models.load_model(tmp_path / "again.keras")
    np.testing.assert_array_equal(third.predict(pictures, verbose=0), again.predict(pictures, verbose=0))


@every_source
def test_configuration(make_layer):
    layer = make_layer(trainable=True, name="base")
    weightless = ModuleLayer.from_config(layer.get_config())
    pictures = images(layer)
    np.testing.assert_allclose(weightless(pictures), layer(pictures), rtol=1e-6)
    assert weightless.get_config() == layer.get_config()
    assert weightless.trainable
    with_build = keras.layers.deserialize(keras.layers.serialize(layer))
    np.testing.assert_allclose(with_build(pictures), layer(pictures), rtol=1e-6)
    assert {id(weight.value) for weight in with_build.weights} == {id(v) for v in with_build.module.variables}


@every_source
def test_cloned_in_a_functional_model(make_layer):
    layer = make_layer()
    inputs = keras.Input((*layer.module.image_size, 3))
    outputs = keras.layers.Concatenate()([layer(inputs), layer(1.0 - inputs)])
    model = keras.Model(inputs, outputs)
    pictures = images(layer)
    expected = np.concatenate([layer(pictures), layer(1.0 - pictures)], axis=1)
    np.testing.assert_allclose(model(pictures), expected, rtol=1e-6)
    np.testing.assert_allclose(keras.models.clone_model(model)(pictures), expected, rtol=1e-6)


@every_source
def test_a_sequential_model_that_is_built_by_fit(make_layer):
    layer = make_layer()
    model = keras.Sequential([layer, keras.layers.Dense(2)])
    model.compile("sgd", "mse")
    fit(model, images(layer))
    assert len(model.trainable_weights) == 2
    assert model(images(layer, 3)).shape == (3, 2)


@every_source
def test_served(make_layer, tmp_path):
    layer = make_layer()
    model = classifier(layer)
    model.export(tmp_path / "export", verbose=False)
    pictures = images(layer)
    loaded = tf.saved_model.load(str(tmp_path / "export"))
    np.testing.assert_allclose(loaded.serve(pictures), model(pictures), rtol=1e-5, atol=1e-5)


@pytest.fixture
def averaging(tmp_path) -> str:
    return tiny_worlds.averaging_module(tmp_path / "averaging")


def test_penalties_count_once_however_often_the_layer_is_called(averaging):
    layer = ModuleLayer(averaging, trainable=True)
    inputs = keras.Input((8, 8, 3))
    model = keras.Model(inputs, keras.layers.Add()([layer(inputs), layer(inputs), layer(inputs)]))
    assert [float(loss) for loss in model.losses] == [3.0]
    model(images(layer), training=True)
    assert [float(loss) for loss in model.losses] == [3.0]
    layer.trainable = False
    assert model.losses == []


def test_thawed_after_it_was_made(averaging):
    layer = ModuleLayer(averaging)
    layer(images(layer), training=True)
    np.testing.assert_array_equal(layer.module.variables[1], np.zeros(3))
    layer.trainable = True
    layer(images(layer), training=True)
    np.testing.assert_allclose(layer.module.variables[1], 0.1 * images(layer).mean(axis=(0, 1, 2)), rtol=1e-6)
    assert [weight.path for weight in layer.trainable_weights] == [f"{layer.name}/scale"]


def test_weights_alone_are_saved_and_loaded(averaging, tmp_path):
    trained, fresh = (classifier(ModuleLayer(averaging, trainable=True)) for _ in range(2))
    fit(trained, images(trained.layers[0]))
    trained.save_weights(tmp_path / "model.weights.h5")
    fresh.load_weights(tmp_path / "model.weights.h5")
    assert_all_close(values(fresh.layers[0]), values(trained.layers[0]), rtol=0)


def test_the_module_in_the_file_is_used_whatever_lies_at_its_handle(tmp_path):
    handle = tiny_worlds.averaging_module(tmp_path / "module")
    model = classifier(ModuleLayer(handle))
    pictures = images(model.layers[0])
    model.save(tmp_path / "model.keras")
    shutil.rmtree(handle)
    tiny_worlds.averaging_module(tmp_path / "module", methods={"__call__": 5.0})
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(pictures), model(pictures))


def test_other_signatures_and_outputs(tmp_path):
    scores = tiny_worlds.averaging_module(tmp_path / "scores", methods={IMAGE_CLASSIFICATION: 2.0})
    layer = ModuleLayer(scores, signature=IMAGE_CLASSIFICATION)
    pictures = images(layer)
    np.testing.assert_allclose(layer(pictures), 2 * pictures.mean(axis=(1, 2)), rtol=1e-6)
    pixels = ModuleLayer(tiny_tf1_hub.averaging_module(tmp_path / "hub"), output_key="Mean/pixels")
    np.testing.assert_array_equal(pixels(pictures), pictures)
    assert pixels.compute_output_shape((None, 8, 8, 3)) == (None, 8, 8, 3)
    with pytest.raises(InputError) as info:
        ModuleLayer(scores, signature=IMAGE_CLASSIFICATION, output_key="hidden")
    assert str(info.value) == (
        f"{scores!r} has no output 'hidden' in image_classification; it has: default. Name one "
        f"with output_key."
    )


class TwoOutputs(tf.Module):
    """Gives a sum and a mean of pixels, and none of them by default."""

    @tf.function(input_signature=[tf.TensorSpec([None, 4, 4, 3], tf.float32)])
    def __call__(self, images):
        return {"mean": tf.reduce_mean(images, [1, 2]), "sums": tf.reduce_sum(images, axis=3)}


def test_one_of_several_outputs_of_which_none_is_the_default(tmp_path):
    tf.saved_model.save(TwoOutputs(), str(tmp_path / "module"))
    handle = str(tmp_path / "module")
    pictures = np.random.default_rng(0).random([2, 4, 4, 3], np.float32)
    for key, expected in [("mean", pictures.mean(axis=(1, 2))), ("sums", pictures.sum(axis=3))]:
        model = keras.Sequential([keras.Input((4, 4, 3)), ModuleLayer(handle, output_key=key)])
        np.testing.assert_allclose(model(pictures), expected, rtol=1e-6)
        model.save(tmp_path / "model.keras")
        again = keras.models.load_model(tmp_path / "model.keras")
        np.testing.assert_array_equal(again(pictures), model(pictures))
    with pytest.raises(InputError) as info:
        ModuleLayer(handle)
    assert str(info.value) == (
        f"{handle!r} has no output 'default' in image_feature_vector; it has: mean, sums. Name one with "
        f"output_key."
    )


def test_size_of_a_module_that_takes_any(tmp_path):
    handle = tiny_worlds.averaging_module(tmp_path / "module", size=(None, None))
    layer = ModuleLayer(handle, image_size=6)
    assert ModuleLayer.from_config(layer.get_config()).image_size == 6
    np.testing.assert_allclose(layer(images(layer)), images(layer).mean(axis=(1, 2)), rtol=1e-6)


def test_sentences_speak_of_its_arguments_and_else_of_those_of_load_module(tmp_path):
    with pytest.raises(InputError, match=r"takes images of any size; say with image_size= which to give it"):
        ModuleLayer(tiny_worlds.averaging_module(tmp_path / "module", size=(None, None)))
    with pytest.raises(InputError) as raised:
        ModuleLayer(tiny_worlds.talking_module(tmp_path / "talking"))
    assert str(raised.value).endswith(
        "if you trust who made it, give retrain.load_module(..., allow_unsafe_module_ops=True)."
    )


def test_two_equal_numbers_are_a_size_too(tmp_path):
    handle = tiny_worlds.averaging_module(tmp_path / "module", size=(None, None))
    assert ModuleLayer(handle, image_size=(6, 6)).module.image_size == (6, 6)
    with pytest.raises(InputError) as info:
        ModuleLayer(handle, image_size=(6, 4))
    assert str(info.value) == (
        "image_size=(6, 4) is not square: give one number, the height and width in pixels."
    )


def test_a_model_of_keras_by_name(tmp_path):
    layer = ModuleLayer("keras:MobileNet:none", image_size=(32, 32))
    layer.weights[-1].assign(layer.weights[-1] + 0.5)
    keras.Sequential([keras.Input((32, 32, 3)), layer]).save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras").layers[0]
    np.testing.assert_allclose(again(images(layer)), layer(images(layer)), rtol=1e-5, atol=1e-6)
    assert_all_close(values(again), values(layer), rtol=0)


def test_images_of_another_size_are_refused(averaging):
    with pytest.raises(ValueError, match=r"expected shape=\(None, 8, 8, 3\), found shape=\(2, 6, 8, 3\)"):
        ModuleLayer(averaging)(np.zeros((2, 6, 8, 3), np.float32))


def test_whole_numbers_are_refused(averaging):
    with pytest.raises(InputError) as info:
        ModuleLayer(averaging, name="base")(np.zeros((2, 8, 8, 3), np.uint8))
    # Keras puts words of its own around it.
    assert (
        "'base' takes images as float32 in [0, 1], and was given uint8; put keras.layers.Rescaling(1 / 255) "
        "before it."
    ) in str(info.value)


def test_computes_in_float32_in_a_model_of_mixed_precision(averaging):
    keras.mixed_precision.set_dtype_policy("mixed_bfloat16")
    try:
        layer = ModuleLayer(averaging)
        model = keras.Sequential([keras.Input((8, 8, 3)), layer, keras.layers.Dense(2)])
    finally:
        keras.mixed_precision.set_dtype_policy("float32")
    assert layer(images(layer).astype(np.float16)).dtype == tf.float32
    assert model(images(layer)).dtype == tf.bfloat16


@pytest.mark.parametrize(
    "handle",
    ["/etc", "../elsewhere", "module/../../elsewhere", "https://example.org/m", "hf://someone/model"],
)
def test_a_file_chooses_nothing_else_that_is_read(tmp_path, handle):
    (tmp_path / "handle.txt").write_text(handle)
    with pytest.raises(InputError) as raised:
        ModuleLayer("builtin:gradients", load=False).load_assets(str(tmp_path))
    assert str(raised.value) == (
        f"The .keras file has no module in it, but names {handle!r}, and a file from elsewhere may "
        f"not choose what is read: make the model again, with ModuleLayer({handle!r}), and save it."
    )


def test_keras_safe_mode_holds_for_the_module_in_a_file(tmp_path, monkeypatch):
    """Nothing of a module that writes a file is run, also if it was put into the file by hand."""
    layer = ModuleLayer(tiny_worlds.averaging_module(tmp_path / "averaging"))
    keras.Sequential([keras.Input((8, 8, 3)), layer]).save(tmp_path / "model.keras")
    talking = tiny_worlds.talking_module(tmp_path / "talking")
    exchanged = tmp_path / "exchanged.keras"
    with zipfile.ZipFile(tmp_path / "model.keras") as before, zipfile.ZipFile(exchanged, "w") as after:
        for name in before.namelist():
            other = pathlib.Path(talking, "saved_model.pb")
            after.writestr(name, other.read_bytes() if name.endswith("saved_model.pb") else before.read(name))
    with pytest.raises(ValueError, match=r"is not loaded: its graphs .*PrintV2"):  # Keras' own, around it
        keras.models.load_model(exchanged)


def test_a_layer_of_the_best_embedded_module_stays_the_one_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr("retrain.modules.sources.source.best", lambda: "builtin:gradients")
    ModuleLayer("builtin:", load=False).save_assets(tmp_path)
    assert (tmp_path / "handle.txt").read_text() == "builtin:gradients"
