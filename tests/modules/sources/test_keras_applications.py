import random

import numpy as np
import pytest
import tensorflow as tf

from retrain.errors import InputError
from retrain.modules.sources.keras_applications import application


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


def test_a_size_that_is_too_small():
    with pytest.raises(InputError) as info:
        application("keras:InceptionV3:none", 74)
    assert str(info.value) == (
        "'keras:InceptionV3:none' does not take images of 74 x 74 pixels (Input size must be at least 75x75; "
        "Received: input_shape=(74, 74, 3)): give another --image_size, or leave it out."
    )


def test_weights_that_cannot_be_downloaded(monkeypatch, tmp_path):
    # Nobody listens there; and what Keras has downloaded before is not found.
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    monkeypatch.setattr("keras.src.utils.file_utils.config.keras_home", lambda: str(tmp_path))
    with pytest.raises(InputError) as info:
        application("keras:MobileNet", 192)
    assert str(info.value) == (
        "The weights of 'keras:MobileNet' could not be downloaded (URL fetch failure on "
        "https://storage.googleapis.com/tensorflow/keras-applications/mobilenet/mobilenet_1_0_192_tf_no_top.h5"
        ": None -- [Errno 111] Connection refused): check the connection, or use a module that is on this "
        "machine."
    )
