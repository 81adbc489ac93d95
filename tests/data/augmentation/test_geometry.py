import math
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf

from retrain.data.augmentation.draws import Draw
from retrain.data.augmentation.geometry import (
    Tilt,
    cut_out,
    draw_tilt,
    draw_windows,
    enlarges,
    tilted,
    tilts,
)
from retrain.data.augmentation.levels import LEVELS, NONE

WHOLE = [[0.0, 0.0, 1.0, 1.0]]
STILL = {"turn": 0.0, "shear_x": 0.0, "shear_y": 0.0, "shift_x": 0.0, "shift_y": 0.0, "zoom": 1.0}


def drawn(count: int = 2000, **strengths: float) -> np.ndarray:
    return draw_windows(replace(NONE, **strengths), Draw(3, 4), count).numpy()


def ramp(height: int, width: int) -> tf.Tensor:
    """One image whose red is the row, and whose green is the column."""
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    return tf.constant(np.stack([rows, columns, 0 * rows], axis=-1)[None])


def test_nothing_to_do_shows_the_whole_image():
    np.testing.assert_array_equal(drawn(5), WHOLE * 5)


def test_half_of_the_images_are_mirrored():
    windows = drawn(flip_left_right=True)
    mirrored = windows[:, 1] == 1
    assert 900 < mirrored.sum() < 1100
    np.testing.assert_array_equal(windows[mirrored], [[0, 1, 1, 0]] * mirrored.sum())
    np.testing.assert_array_equal(windows[~mirrored], WHOLE * (~mirrored).sum())


def test_a_resized_crop_keeps_its_share_and_lies_anywhere():
    top, left, bottom, right = drawn(random_resized_crop=25.0).T
    areas, ratios = (bottom - top) * (right - left), (right - left) / (bottom - top)
    assert 0.24 < areas.min() < 0.27
    assert 0.95 < areas.max() <= 1
    assert 0.74 < ratios.min() < 0.78
    assert 1.29 < ratios.max() < 1.34
    assert top.min() < 0.01 < 0.4 < top.max()
    assert left.min() < 0.01 < 0.4 < left.max()
    assert 0.99 < bottom.max() <= 1.000001


def test_a_crop_as_in_retrain_py_is_of_one_size():
    top, left, bottom, right = drawn(random_crop=25.0).T
    np.testing.assert_allclose([bottom - top, right - left], 0.8, atol=1e-6)
    assert 0.19 < top.max() <= 0.2
    assert 0.19 < left.max() <= 0.2


def test_a_scale_enlarges_by_up_to_its_share():
    top, left, bottom, right = drawn(random_scale=100.0).T
    np.testing.assert_allclose(bottom - top, right - left, atol=1e-6)
    assert 0.5 <= (bottom - top).min() < 0.51
    assert 0.99 < (bottom - top).max() <= 1


@pytest.mark.parametrize("size", [(6, 10), (4, 5), (3, 10), (1, 1)])
def test_the_whole_image_is_resized_as_everywhere(size):
    decoded = ramp(6, 10)
    expected = tf.image.resize(decoded, size)
    np.testing.assert_allclose(cut_out(decoded, tf.constant(WHOLE), size), expected, atol=1e-3)
    mirrored = cut_out(decoded, tf.constant([[0.0, 1.0, 1.0, 0.0]]), size)
    np.testing.assert_allclose(mirrored, expected[:, :, ::-1], atol=1e-3)


def test_enlarging_stays_within_half_a_pixel_of_it():
    decoded = ramp(6, 10)
    expected = tf.image.resize(decoded, (20, 30))
    np.testing.assert_allclose(cut_out(decoded, tf.constant(WHOLE), (20, 30)), expected, atol=0.5)


def test_a_window_is_what_lies_in_it():
    image = cut_out(ramp(8, 12), tf.constant([[0.25, 0.5, 0.75, 1.0]]), (4, 6))
    np.testing.assert_allclose(image, ramp(8, 12)[:, 2:6, 6:], atol=1e-3)


def test_no_edge_is_black():
    white = tf.fill([200, 7, 9, 3], 255.0)
    windows = draw_windows(replace(NONE, flip_left_right=True, random_resized_crop=30.0), Draw(0, 0), 200)
    np.testing.assert_allclose(cut_out(white, windows, (8, 5)), 255, atol=1e-3)


def noise(height: int = 8, width: int = 8) -> tf.Tensor:
    return tf.constant(np.random.default_rng(0).random((1, height, width, 3)), tf.float32)


def of(decoded: tf.Tensor, windows=WHOLE, size=None, **tilt: float) -> np.ndarray:
    values = Tilt(**{name: tf.constant([value]) for name, value in {**STILL, **tilt}.items()})
    return tilted(decoded, tf.constant(windows), values, size or tuple(decoded.shape[1:3])).numpy()


def test_an_image_that_lies_still():
    np.testing.assert_allclose(of(noise()), noise(), atol=1e-6)
    np.testing.assert_allclose(
        of(noise(8, 12), size=(4, 6)), tf.image.resize(noise(8, 12), (4, 6)), atol=1e-6
    )


def test_a_quarter_turn_clockwise():
    np.testing.assert_allclose(of(noise(), turn=math.pi / 2), np.rot90(noise(), -1, (1, 2)), atol=1e-5)


def test_a_shift_goes_right_and_down_and_mirrors_what_it_uncovers():
    image = noise().numpy()
    right = of(noise(), shift_x=0.25)
    np.testing.assert_allclose(right[:, :, 2:], image[:, :, :-2], atol=1e-6)
    np.testing.assert_allclose(right[:, :, :2], image[:, :, 1::-1], atol=1e-6)
    np.testing.assert_allclose(of(noise(), shift_y=0.25)[:, 2:], image[:, :-2], atol=1e-6)


def test_zoom_enlarges_about_the_middle():
    expected = tf.image.resize(noise()[:, 2:6, 2:6], (8, 8))
    np.testing.assert_allclose(of(noise(), zoom=2.0)[:, 1:7, 1:7], expected[:, 1:7, 1:7], atol=1e-5)


def test_shear_moves_rows_by_their_distance_from_the_middle():
    image = np.zeros((1, 9, 9, 3), np.float32)
    image[:, :, 4] = 1
    sheared = of(tf.constant(image), shear_x=0.5)
    assert [int(row.argmax()) for row in sheared[0, ::2, :, 0]] == [2, 3, 4, 5, 6]
    assert of(tf.constant(image.swapaxes(1, 2)), shear_y=0.5)[0, :, 0, 0].argmax() == 2


def test_a_window_is_tilted_within_the_decoded_image():
    windows = [[0.0, 1.0, 0.5, 0.0]]
    expected = noise().numpy()[:, :4, ::-1]
    np.testing.assert_allclose(of(noise(), windows, (4, 8)), expected, atol=1e-6)


def test_turns_are_those_of_the_keras_layer():
    factor = 40 / 360
    layer = keras.layers.RandomRotation((factor, factor), fill_mode="reflect")
    expected = layer(noise(32, 32), training=True)
    turned = of(noise(32, 32), turn=-factor * 2 * math.pi)  # Keras' turns are counterclockwise
    np.testing.assert_allclose(turned[:, 4:-4, 4:-4], expected[:, 4:-4, 4:-4], atol=1e-3)


def test_degrees_are_degrees():
    shifts = {"width_shift_range": 0.2, "height_shift_range": 0.1}
    augmentation = replace(NONE, rotation_range=40.0, shear_range=45.0, zoom_range=0.3, **shifts)
    tilt = draw_tilt(augmentation, Draw(0, 0), 4000)
    assert 39.9 < np.rad2deg(np.abs(tilt.turn).max()) <= 40.001
    assert 0.99 < np.abs(tilt.shear_x).max() <= 1.0001
    np.testing.assert_array_equal(tilt.shear_y, np.zeros(4000))
    for values, middle, radius in ((tilt.shift_x, 0, 0.2), (tilt.shift_y, 0, 0.1), (tilt.zoom, 1, 0.3)):
        distances = np.abs(values - middle)
        assert radius * 0.99 < distances.max() <= radius * 1.0001
        assert abs(np.mean(values) - middle) < radius * 0.05


def test_nothing_to_do_is_to_lie_still():
    for name, values in draw_tilt(NONE, Draw(0, 0), 3)._asdict().items():
        np.testing.assert_array_equal(values, [STILL[name]] * 3)
    assert not tilts(LEVELS["medium"])


@pytest.mark.parametrize(
    "name", ["rotation_range", "shear_range", "width_shift_range", "height_shift_range", "zoom_range"]
)
def test_what_tilts(name):
    assert tilts(replace(NONE, **{name: 0.1}))


@pytest.mark.parametrize("name", ["random_resized_crop", "random_crop", "random_scale"])
def test_what_enlarges(name):
    assert enlarges(replace(NONE, **{name: 0.1}))
    assert not enlarges(LEVELS["classic"])
