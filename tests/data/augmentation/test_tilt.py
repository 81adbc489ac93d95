import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from retrain.data.augmentation.levels import NONE, Augmentation
from retrain.data.augmentation.tilt import Tilt, draw_tilt, tilted, tilts

WHOLE = tf.constant([[0.0, 0.0, 1.0, 1.0]])
STILL = {"turn": 0.0, "shear_x": 0.0, "shear_y": 0.0, "shift_x": 0.0, "shift_y": 0.0, "zoom": 1.0}


def noise(height: int = 8, width: int = 8) -> tf.Tensor:
    return tf.constant(np.random.default_rng(0).random((1, height, width, 3)), tf.float32)


def of(pictures: tf.Tensor, windows: tf.Tensor = WHOLE, size=None, **tilt: float) -> np.ndarray:
    values = Tilt(**{name: tf.constant([value]) for name, value in {**STILL, **tilt}.items()})
    return tilted(pictures, windows, values, size or tuple(pictures.shape[1:3])).numpy()


def test_an_image_that_lies_still():
    np.testing.assert_allclose(of(noise()), noise(), atol=1e-6)
    np.testing.assert_allclose(
        of(noise(8, 12), size=(4, 6)), tf.image.resize(noise(8, 12), (4, 6)), atol=1e-6
    )


def test_a_quarter_turn_clockwise():
    np.testing.assert_allclose(of(noise(), turn=math.pi / 2), np.rot90(noise(), -1, (1, 2)), atol=1e-5)


def test_a_shift_goes_right_and_down_and_mirrors_what_it_uncovers():
    picture = noise().numpy()
    right = of(noise(), shift_x=0.25)
    np.testing.assert_allclose(right[:, :, 2:], picture[:, :, :-2], atol=1e-6)
    np.testing.assert_allclose(right[:, :, :2], picture[:, :, 1::-1], atol=1e-6)
    np.testing.assert_allclose(of(noise(), shift_y=0.25)[:, 2:], picture[:, :-2], atol=1e-6)


def test_zoom_enlarges_about_the_middle():
    expected = tf.image.resize(noise()[:, 2:6, 2:6], (8, 8))
    np.testing.assert_allclose(of(noise(), zoom=2.0)[:, 1:7, 1:7], expected[:, 1:7, 1:7], atol=1e-5)


def test_shear_moves_rows_by_their_distance_from_the_middle():
    picture = np.zeros((1, 9, 9, 3), np.float32)
    picture[:, :, 4] = 1
    sheared = of(tf.constant(picture), shear_x=0.5)
    assert [int(row.argmax()) for row in sheared[0, ::2, :, 0]] == [2, 3, 4, 5, 6]
    assert of(tf.constant(picture.swapaxes(1, 2)), shear_y=0.5)[0, :, 0, 0].argmax() == 2


def test_a_window_is_tilted_within_the_picture():
    windows = tf.constant([[0.0, 1.0, 0.5, 0.0]])
    expected = noise().numpy()[:, :4, ::-1]
    np.testing.assert_allclose(of(noise(), windows, (4, 8)), expected, atol=1e-6)


def test_turns_are_those_of_the_keras_layer():
    factor = 40 / 360
    layer = keras.layers.RandomRotation((factor, factor), fill_mode="reflect")
    expected = layer(noise(32, 32), training=True)
    turned = of(noise(32, 32), turn=-factor * 2 * math.pi)  # Keras' turns are counterclockwise
    np.testing.assert_allclose(turned[:, 4:-4, 4:-4], expected[:, 4:-4, 4:-4], atol=1e-3)


def test_degrees_are_degrees():
    tilt = draw_tilt(
        Augmentation(rotation=40, shear=45, width_shift=0.2, height_shift=0.1, zoom=0.3), (0, 0), 4000
    )
    assert 39.9 < np.rad2deg(np.abs(tilt.turn).max()) <= 40.001
    assert 0.99 < np.abs(tilt.shear_x).max() <= 1.0001
    np.testing.assert_array_equal(tilt.shear_y, np.zeros(4000))
    for values, middle, radius in ((tilt.shift_x, 0, 0.2), (tilt.shift_y, 0, 0.1), (tilt.zoom, 1, 0.3)):
        distances = np.abs(values - middle)
        assert radius * 0.99 < distances.max() <= radius * 1.0001
        assert abs(np.mean(values) - middle) < radius * 0.05


def test_nothing_to_do_is_to_lie_still():
    for name, values in draw_tilt(NONE, (0, 0), 3)._asdict().items():
        np.testing.assert_array_equal(values, [STILL[name]] * 3)
    assert not tilts(Augmentation(flip_left_right=True, resized_crop=0.5, brightness=0.2))


@pytest.mark.parametrize("name", ["rotation", "shear", "width_shift", "height_shift", "zoom"])
def test_what_tilts(name):
    assert tilts(Augmentation(**{name: 0.1}))
