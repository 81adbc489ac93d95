import numpy as np
import pytest
import tensorflow as tf

from retrain.data.augmentation.levels import NONE, Augmentation
from retrain.data.augmentation.windows import cut_out, draw_windows

WHOLE = [0.0, 0.0, 1.0, 1.0]


def drawn(count: int = 2000, **strengths: float) -> np.ndarray:
    return draw_windows(Augmentation(**strengths), (3, 4), count).numpy()


def ramp(height: int, width: int) -> tf.Tensor:
    """One picture whose red is the row, and whose green is the column."""
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    return tf.constant(np.stack([rows, columns, 0 * rows], axis=-1)[None])


def test_nothing_to_do_shows_the_whole_picture():
    np.testing.assert_array_equal(drawn(5), [WHOLE] * 5)


def test_half_of_the_images_are_mirrored():
    windows = drawn(flip_left_right=True)
    mirrored = windows[:, 1] == 1
    assert 900 < mirrored.sum() < 1100
    np.testing.assert_array_equal(windows[mirrored], [[0, 1, 1, 0]] * mirrored.sum())
    np.testing.assert_array_equal(windows[~mirrored], [WHOLE] * (~mirrored).sum())


def test_a_resized_crop_keeps_its_share_and_lies_anywhere():
    top, left, bottom, right = drawn(resized_crop=0.25).T
    areas, ratios = (bottom - top) * (right - left), (right - left) / (bottom - top)
    assert 0.24 < areas.min() < 0.27
    assert 0.95 < areas.max() <= 1
    assert 0.74 < ratios.min() < 0.78
    assert 1.29 < ratios.max() < 1.34
    assert top.min() < 0.01 < 0.4 < top.max()
    assert left.min() < 0.01 < 0.4 < left.max()
    assert 0.99 < bottom.max() <= 1.000001


def test_a_crop_as_in_retrain_py_is_of_one_size():
    top, left, bottom, right = drawn(crop=0.25).T
    np.testing.assert_allclose([bottom - top, right - left], 0.8, atol=1e-6)
    assert 0.19 < top.max() <= 0.2
    assert 0.19 < left.max() <= 0.2


def test_a_scale_enlarges_by_up_to_its_share():
    top, left, bottom, right = drawn(scale=1.0).T
    np.testing.assert_allclose(bottom - top, right - left, atol=1e-6)
    assert 0.5 <= (bottom - top).min() < 0.51
    assert 0.99 < (bottom - top).max() <= 1


@pytest.mark.parametrize("size", [(6, 10), (4, 5), (3, 10), (1, 1)])
def test_the_whole_picture_is_resized_as_everywhere(size):
    pictures = ramp(6, 10)
    expected = tf.image.resize(pictures, size)
    np.testing.assert_allclose(cut_out(pictures, tf.constant([WHOLE]), size), expected, atol=1e-3)
    mirrored = cut_out(pictures, tf.constant([[0.0, 1.0, 1.0, 0.0]]), size)
    np.testing.assert_allclose(mirrored, expected[:, :, ::-1], atol=1e-3)


def test_enlarging_stays_within_half_a_pixel_of_it():
    pictures = ramp(6, 10)
    expected = tf.image.resize(pictures, (20, 30))
    np.testing.assert_allclose(cut_out(pictures, tf.constant([WHOLE]), (20, 30)), expected, atol=0.5)


def test_a_window_is_what_lies_in_it():
    image = cut_out(ramp(8, 12), tf.constant([[0.25, 0.5, 0.75, 1.0]]), (4, 6))
    np.testing.assert_allclose(image, ramp(8, 12)[:, 2:6, 6:], atol=1e-3)


def test_no_edge_is_black():
    white = tf.fill([200, 7, 9, 3], 255.0)
    windows = draw_windows(NONE._replace(flip_left_right=True, resized_crop=0.3), (0, 0), 200)
    np.testing.assert_allclose(cut_out(white, windows, (8, 5)), 255, atol=1e-3)
