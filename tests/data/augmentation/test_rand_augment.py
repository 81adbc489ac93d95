from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from retrain.data.augmentation.colour import draw_colour
from retrain.data.augmentation.draws import Draw
from retrain.data.augmentation.geometry import draw_tilt
from retrain.data.augmentation.levels import NONE
from retrain.data.augmentation.rand_augment import (
    OPERATIONS,
    TONES,
    draw_operations,
    more_coloured,
    more_tilted,
    toned,
)

NEITHER = dict.fromkeys(OPERATIONS, tf.zeros(2))


def only(name: str, strength: float) -> dict[str, tf.Tensor]:
    """Strengths of two images, of which the second draws this operation."""
    return {**NEITHER, name: tf.constant([0.0, strength])}


def drawn(operations: int, magnitude: float) -> np.ndarray:
    """The strengths of 7000 images, operations first."""
    augmentation = replace(NONE, rand_augment=operations, rand_augment_magnitude=magnitude)
    return np.array(list(draw_operations(augmentation, Draw(0, 0), 7000).values()))


def noise() -> tf.Tensor:
    return tf.constant(np.random.default_rng(0).uniform(0.2, 0.7, (2, 7, 6, 3)), tf.float32)


def test_every_image_draws_its_operations_about_equally_often():
    strengths = drawn(2, 7.0)
    assert strengths.shape == (14, 7000)
    np.testing.assert_allclose(np.unique(np.round(np.abs(strengths).sum(axis=0), 3)), [0, 1.4])
    often = (strengths != 0).mean(axis=1)
    assert 0.1 < often.min() < often.max() < 0.17
    assert np.abs((strengths > 0).mean(axis=1) - (strengths < 0).mean(axis=1)).max() < 0.02


def test_drawn_twice_and_opposite_is_nothing_and_drawn_twice_alike_is_twice():
    strengths = np.unique(np.round(drawn(2, 5.0), 3))
    assert strengths.tolist() == [-1.0, -0.5, 0.0, 0.5, 1.0]


def test_geometry_and_colour_add_to_what_is_done_anyhow():
    tilt, colour = draw_tilt(NONE, Draw(0, 0), 2), draw_colour(NONE, Draw(0, 0), 2)
    turned = more_tilted(tilt, only("turn", 0.5))
    np.testing.assert_allclose(np.rad2deg(turned.turn), [0, 15], atol=1e-4)
    np.testing.assert_array_equal(turned.shift_x, [0, 0])
    np.testing.assert_allclose(more_tilted(tilt, only("shift_y", -1.0)).shift_y, [0, -0.45])
    np.testing.assert_allclose(more_coloured(colour, only("contrast", -1.0)).contrast, [1, 0.1], atol=1e-6)


@pytest.mark.parametrize("name", TONES)
def test_a_tone_changes_only_the_images_that_drew_it(name):
    images = toned(noise(), only(name, 0.7))
    np.testing.assert_array_equal(images[0], noise()[0])
    assert not np.array_equal(images[1], noise()[1])
    np.testing.assert_array_equal(toned(noise(), NEITHER), noise())


def test_posterize_leaves_few_values():
    ramp = tf.tile(tf.reshape(tf.range(256.0) / 255, [1, 256, 1, 1]), [2, 1, 1, 3])
    values = np.unique(np.round(toned(ramp, only("posterize", 1.0))[1] * 255))
    assert values.tolist() == [16.0 * step for step in range(16)]


def test_solarize_turns_what_is_bright():
    images = tf.constant([0.2, 0.29, 0.31, 1.0], shape=[1, 2, 2, 1]) * tf.ones([2, 1, 1, 3])
    turned = toned(images, only("solarize", 0.7))[1, ..., 0]
    np.testing.assert_allclose(turned, [[0.2, 0.29], [0.69, 0.0]], atol=1e-6)


def test_auto_contrast_reaches_both_ends():
    stretched = toned(noise(), only("auto_contrast", -0.7))[1].numpy()
    np.testing.assert_allclose(stretched.min(axis=(0, 1)), 0, atol=1e-6)
    np.testing.assert_allclose(stretched.max(axis=(0, 1)), 1, atol=1e-6)


def test_sharpness_leaves_flat_images_and_moves_detail_both_ways():
    flat = tf.fill([2, 5, 5, 3], 0.5)
    np.testing.assert_allclose(toned(flat, only("sharpness", 1.0)), flat, atol=1e-6)
    spread = {s: float(np.std(toned(noise(), only("sharpness", s))[1])) for s in (-1.0, 1.0)}
    assert spread[-1.0] < float(np.std(noise()[1])) < spread[1.0]
