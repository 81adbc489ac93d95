import random
import socket

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from retrain.errors import InputError
from retrain.modules.sources import silent_hosts
from retrain.modules.sources.keras_model import application, load_application, load_file
from retrain.modules.sources.source import DEFAULTS
from retrain.settings.module import ModuleSettings
from tests.tiny_worlds import keras_file

IMAGES = np.random.default_rng(0).random((4, 8, 8, 3), np.float32)
MEANS = IMAGES.mean(axis=(1, 2))
ADVICE = (
    "give a file that model.save wrote, of Keras' own layers only, or the directory that model.export wrote "
    "where these layers are known: a SavedModel needs no code."
)


def saved(directory, *model_layers, shape=(8, 8, 3)) -> str:
    first = [] if shape is None else [keras.Input(shape)]
    model = keras.Sequential([*first, *model_layers])
    model.save(directory / "model.keras")
    return str(directory / "model.keras")


def sentence(handle: str, settings: ModuleSettings = DEFAULTS) -> str:
    with pytest.raises(InputError) as info:
        load_file(handle, handle, settings)
    return str(info.value)


def refused(handle: str) -> str:
    return f"{handle!r} cannot be loaded by Keras {keras.__version__}"


def test_a_file(tmp_path):
    handle = keras_file(tmp_path)
    module = load_file(handle, handle, DEFAULTS)
    assert module.image_size == (8, 8)
    assert module.num_features == 3
    np.testing.assert_allclose(module(IMAGES), MEANS, rtol=1e-5)
    assert len(module.variables) == 4
    assert len(module.trainable_variables) == 2
    assert all(isinstance(variable, tf.Variable) for variable in module.variables)


def test_training_updates_batch_norm(tmp_path):
    handle = keras_file(tmp_path)
    module = load_file(handle, handle, DEFAULTS)
    trained = module(IMAGES, training=True)
    np.testing.assert_allclose(trained, (MEANS - MEANS.mean(0)) / MEANS.std(0), rtol=1e-3)
    np.testing.assert_allclose(module.variables[2], 0.01 * MEANS.mean(0), rtol=1e-4)


def test_feature_output(tmp_path):
    pool, dense = layers.GlobalAveragePooling2D(name="pool"), layers.Dense(2, activation="softmax")
    handle = saved(tmp_path, pool, dense)
    module = load_file(handle, handle, ModuleSettings(feature_output="pool"))
    np.testing.assert_allclose(module(IMAGES), MEANS, rtol=1e-6)
    assert module.fingerprint != load_file(handle, handle, DEFAULTS).fingerprint


def test_regularization_losses(tmp_path):
    regularized = layers.Dense(2, kernel_initializer="ones", kernel_regularizer=keras.regularizers.L2(0.5))
    handle = saved(tmp_path, layers.GlobalAveragePooling2D(), regularized, layers.Dense(2))
    module = load_file(handle, handle, DEFAULTS)
    with tf.GradientTape() as tape:
        (loss,) = (function() for function in module.regularization_losses)
    assert float(loss) == 3.0
    (kernel,) = [variable for variable in module.trainable_variables if variable.shape == (3, 2)]
    np.testing.assert_array_equal(tape.gradient(loss, kernel), np.ones((3, 2)))


def test_mixed_precision_gives_float32(tmp_path):
    handle = saved(tmp_path, layers.GlobalAveragePooling2D(), layers.Dense(2, dtype="mixed_float16"))
    assert load_file(handle, handle, DEFAULTS)(IMAGES).dtype == tf.float32


def test_an_application():
    module = load_application("keras:MobileNet:none", "keras:MobileNet:none", ModuleSettings(image_size=32))
    assert module.image_size == (32, 32)
    assert module.num_features == 1024
    assert len(module.trainable_variables) == 81
    model = keras.applications.MobileNet(
        weights=None, include_top=False, pooling="avg", input_shape=(32, 32, 3)
    )
    for target, value in zip(model.variables, module.variables, strict=True):
        target.assign(value)
    images = np.random.default_rng(0).random((2, 32, 32, 3), np.float32)
    np.testing.assert_allclose(module(images), model(images * 2 - 1), rtol=1e-4, atol=1e-6)


def test_a_layer_of_an_application():
    settings = ModuleSettings(image_size=32, feature_output="conv_pw_3_relu")
    module = load_application("keras:MobileNet:none", "keras:MobileNet:none", settings)
    assert module.num_features == 128


def test_size_is_left_to_the_user(tmp_path):
    handle = keras_file(tmp_path, size=(None, None))
    assert sentence(handle) == (
        f"{handle!r} takes images of any size; say with --image_size which to give it, as a rule the one "
        f"that it was trained on."
    )
    module = load_file(handle, handle, ModuleSettings(image_size=8))
    np.testing.assert_allclose(module(IMAGES), MEANS, rtol=1e-5)


@pytest.mark.filterwarnings("ignore:You are saving a model that has not yet been built")
def test_sequential_models_without_an_input(tmp_path):
    handle = saved(tmp_path, layers.Conv2D(2, 3), layers.GlobalAveragePooling2D(), shape=None)
    assert sentence(handle) == (
        f"{handle!r} has the input shape None, and an image module takes RGB images, (None, height, width, "
        f"3), as its one input: use a functional or Sequential model of these, with --image_size where the "
        f"file leaves the size open."
    )
    assert load_file(handle, handle, ModuleSettings(image_size=8))(IMAGES).shape == (4, 2)


def test_a_size_that_the_model_does_not_take(tmp_path):
    handle = keras_file(tmp_path)
    assert sentence(handle, ModuleSettings(image_size=6)) == (
        f"{handle!r} takes images of 8 x 8 pixels, and --image_size says 6 x 6; leave --image_size out, "
        f"or use a module made for that size."
    )


@pytest.mark.parametrize("shape", [(8, 8, 1), (20,)])
def test_models_of_something_else(tmp_path, shape):
    handle = saved(tmp_path, layers.Dense(2), shape=shape)
    assert sentence(handle) == (
        f"{handle!r} has the input shape {(None, *shape)}, and an image module takes RGB images, (None, "
        f"height, width, 3), as its one input: use a functional or Sequential model of these, with "
        f"--image_size where the file leaves the size open."
    )


def test_models_of_two_inputs(tmp_path):
    inputs = [keras.Input((8, 8, 3)), keras.Input((8, 8, 3))]
    keras.Model(inputs, layers.Add()(inputs)).save(tmp_path / "two.keras")
    handle = str(tmp_path / "two.keras")
    assert "has the input shape [(None, 8, 8, 3), (None, 8, 8, 3)]" in sentence(handle)


def test_files_that_are_no_model(tmp_path):
    handle = keras_file(tmp_path)
    content = (tmp_path / "averaging.keras").read_bytes()
    for damaged in (content[:1000], b""):
        (tmp_path / "averaging.keras").write_bytes(damaged)
        assert sentence(handle).startswith(f"{refused(handle)} (")
        assert sentence(handle).endswith(f"): {ADVICE}")


def test_layers_of_its_own_making(tmp_path):
    @keras.saving.register_keras_serializable("ours")
    class Doubled(layers.Layer):
        def call(self, inputs):
            return 2 * inputs

    handle = saved(tmp_path, Doubled())
    del keras.saving.get_custom_objects()["ours>Doubled"]
    assert sentence(handle) == f"{refused(handle)} (Could not locate class 'Doubled'): {ADVICE}"


def test_advice_that_no_flag_can_follow_is_not_repeated(tmp_path):
    handle = saved(tmp_path, layers.Lambda(lambda inputs: 2 * inputs))
    assert sentence(handle) == (
        f"{refused(handle)} (Requested the deserialization of a `Lambda` layer whose `function` is a Python "
        f"lambda): {ADVICE}"
    )


def test_regularization_losses_can_be_saved(tmp_path):
    parts = [layers.Conv2D(2, 3, kernel_regularizer="l2"), layers.GlobalAveragePooling2D()]
    keras.Sequential([keras.Input((8, 8, 3)), *parts]).save(tmp_path / "m.keras")
    module = load_file(str(tmp_path / "m.keras"), "m", DEFAULTS)
    [loss] = module.regularization_losses
    root = tf.train.Checkpoint(module=module)
    root.loss = tf.function(loss, input_signature=[])
    tf.saved_model.save(root, str(tmp_path / "saved"))
    again = tf.saved_model.load(str(tmp_path / "saved"))
    np.testing.assert_allclose(again.loss(), loss(), rtol=1e-6)


def test_default_size_is_that_of_the_architecture():
    model, _ = application("keras:EfficientNetB1:none", None)
    assert model.input_shape == (None, 240, 240, 3)
    assert model.output_shape == (None, 1280)


def test_preprocessing_is_that_of_the_family():
    pixels = tf.constant([[[[0.0, 127.5, 255.0]]]])
    _, tf_mode = application("keras:MobileNet:none", 32)
    np.testing.assert_allclose(tf_mode(pixels)[0, 0, 0], [-1, 0, 1])
    _, caffe_mode = application("keras:VGG16:none", 32)
    np.testing.assert_allclose(
        caffe_mode(pixels)[0, 0, 0], [255 - 103.939, 127.5 - 116.779, -123.68], rtol=1e-5
    )
    _, included = application("keras:MobileNetV3Small:none", 32)
    np.testing.assert_array_equal(included(pixels), pixels)


def test_random_weights_are_the_same_each_time():
    random.seed(7)
    expected = random.random()
    random.seed(7)
    one, other = (application("keras:MobileNet:none", 32)[0] for _ in range(2))
    assert random.random() == expected
    for a, b in zip(one.variables, other.variables, strict=True):
        np.testing.assert_array_equal(a.value, b.value)


def test_an_application_with_options_and_weights_from_a_file(tmp_path):
    path = tmp_path / "own.weights.h5"
    narrow, _ = application("keras:MobileNet?alpha=0.25:none", 32)
    assert narrow.output_shape == (None, 256)
    for variable in narrow.variables:
        variable.assign(variable + 1.0)
    narrow.save_weights(path)
    again, _ = application(f"keras:MobileNet?alpha=0.25:{path}", 32)
    for one, other in zip(again.variables, narrow.variables, strict=True):
        np.testing.assert_array_equal(one.value, other.value)
    handle = f"keras:MobileNet:{path}"
    with pytest.raises(InputError) as info:
        application(handle, 32)
    assert str(info.value).startswith(
        f"{handle!r} cannot be loaded: the file does not hold the weights of this model without its "
        f"classification layer ("
    )


def test_a_size_that_is_too_small_for_an_application():
    with pytest.raises(InputError) as info:
        application("keras:InceptionV3:none", 74)
    assert str(info.value) == (
        "'keras:InceptionV3:none' does not take images of 74 x 74 pixels (Input size must be at least 75x75; "
        "Received: input_shape=(74, 74, 3)): give another --image_size, or leave it out."
    )


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (TimeoutError("timed out"), "the host said nothing for 60 seconds"),
        (ConnectionResetError(104, "Connection reset by peer"), "[Errno 104] Connection reset by peer"),
    ],
)
def test_weights_of_which_a_part_came(monkeypatch, error, why):
    def breaks_off(**_):
        raise error

    monkeypatch.setattr("keras.applications.MobileNet", breaks_off)
    with pytest.raises(InputError) as info:
        application("keras:MobileNet", 192)
    assert str(info.value) == (
        f"The weights of 'keras:MobileNet' could not be downloaded ({why}): check the connection, or use a "
        f"module that is on this machine."
    )


def test_weights_of_a_silent_host(monkeypatch, tmp_path):
    monkeypatch.setattr(silent_hosts, "SILENCE", 0.2)
    monkeypatch.setattr("urllib.request._opener", None)
    monkeypatch.setattr("keras.src.utils.file_utils.config.keras_home", lambda: str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{server.getsockname()[1]}")
        with pytest.raises(InputError, match=r"could not be downloaded \(URL fetch failure .* timed out\)"):
            application("keras:MobileNet", 192)


def test_weights_that_cannot_be_downloaded(monkeypatch, tmp_path):
    # Nobody listens there; and what Keras has downloaded before is not found.
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    monkeypatch.setattr("urllib.request._opener", None)  # that of an earlier test goes by its proxies
    monkeypatch.setattr("keras.src.utils.file_utils.config.keras_home", lambda: str(tmp_path))
    with pytest.raises(InputError) as info:
        application("keras:MobileNet", 192)
    assert str(info.value) == (
        "The weights of 'keras:MobileNet' could not be downloaded (URL fetch failure on "
        "https://storage.googleapis.com/tensorflow/keras-applications/mobilenet/mobilenet_1_0_192_tf_no_top.h5"
        ": None -- [Errno 111] Connection refused): check the connection, or use a module that is on this "
        "machine."
    )
