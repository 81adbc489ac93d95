import numpy as np
import tensorflow as tf

from retrain.data.augmentation.erasing import box_mask, erased


def test_a_box_of_pixels_whose_middles_lie_in_it():
    mask = box_mask(*(tf.constant([value]) for value in (0.25, 0.0, 1.0, 0.4)), (4, 5))
    assert mask.shape == (1, 4, 5, 1)
    np.testing.assert_array_equal(np.argwhere(mask[0, ..., 0]), [(y, x) for y in (1, 2, 3) for x in (0, 1)])


def test_a_box_of_noise_over_some_of_the_images():
    grey = tf.fill([400, 24, 24, 3], 0.5)
    changed = (erased(grey, 0.3, (1, 2)) != grey).numpy().any(axis=-1)
    shares = changed.mean(axis=(1, 2))
    assert 90 < (shares > 0).sum() < 150
    assert shares.max() < 0.4
    box = changed[shares.argmax()]
    rows, columns = box.any(axis=1), box.any(axis=0)
    assert (box == rows[:, None] & columns).mean() > 0.99  # one box, but for noise that happens to be grey


def test_noise_differs_between_pixels_channels_and_images():
    noise = erased(tf.fill([2, 24, 24, 3], 0.5), 1.0, (0, 0)).numpy()
    values = noise[noise != 0.5]
    assert len(np.unique(values)) > 0.95 * values.size
    assert values.min() >= 0
    assert values.max() < 1


def test_all_or_none():
    grey = tf.fill([20, 8, 8, 3], 0.5)
    np.testing.assert_array_equal(erased(grey, 0.0, (0, 0)), grey)
    assert (erased(grey, 1.0, (0, 0)) != grey).numpy().any(axis=(1, 2, 3)).sum() >= 18
