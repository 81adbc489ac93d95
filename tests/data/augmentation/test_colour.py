import math
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf

from retrain.data.augmentation.colour import GREY, Colour, coloured, colours, draw_colour
from retrain.data.augmentation.draws import Draw
from retrain.data.augmentation.levels import LEVELS, NONE

STILL = {"brightness": 1.0, "contrast": 1.0, "saturation": 1.0, "hue": 0.0}


def noise() -> tf.Tensor:
    return tf.constant(np.random.default_rng(0).random((1, 6, 5, 3)), tf.float32)


def of(images: tf.Tensor, **colour: float) -> np.ndarray:
    values = Colour(**{name: tf.constant([value]) for name, value in {**STILL, **colour}.items()})
    return coloured(images, values).numpy()


def test_colours_that_stay():
    np.testing.assert_allclose(of(noise()), noise(), atol=1e-6)
    assert not colours(LEVELS["classic"])


@pytest.mark.parametrize("name", STILL)
def test_what_changes_colours(name):
    assert colours(replace(NONE, **{f"random_{name}": 0.1}))


def test_brightness_multiplies():
    np.testing.assert_allclose(of(noise(), brightness=0.7), 0.7 * noise(), atol=1e-6)


def test_contrast_keeps_the_mean():
    mean = float(np.mean(noise()))
    np.testing.assert_allclose(of(noise(), contrast=0.5), (noise() + mean) / 2, atol=1e-6)
    np.testing.assert_allclose(
        of(noise(), contrast=0.0, brightness=0.5), np.full((1, 6, 5, 3), mean / 2), atol=1e-6
    )


def test_saturation_keeps_every_grey():
    expected = keras.layers.RandomGrayscale(factor=1.0)(noise(), training=True)
    np.testing.assert_allclose(of(noise(), saturation=0.0), expected, atol=1e-3)
    np.testing.assert_allclose(of(noise(), saturation=1.5) @ GREY, noise().numpy() @ GREY, atol=1e-5)


def test_hue_turns_red_towards_green_and_leaves_grey():
    red = tf.constant([[[[1.0, 0.0, 0.0]]]])
    third = of(red, hue=2 * math.pi / 3)[0, 0, 0]
    back = of(red, hue=-2 * math.pi / 3)[0, 0, 0]
    assert {int(third.argmax()), int(back.argmax())} == {1, 2}
    np.testing.assert_allclose(of(noise(), hue=1.0) @ GREY, noise().numpy() @ GREY, atol=2e-3)
    np.testing.assert_allclose(of(noise(), hue=2 * math.pi), noise(), atol=1e-5)


def test_draws_go_as_far_as_the_strength():
    percent = {"random_brightness": 30.0, "random_contrast": 20.0, "random_saturation": 10.0}
    drawn = draw_colour(replace(NONE, random_hue=90.0, **percent), Draw(0, 0), 4000)
    for values, middle, radius in zip(drawn, (1, 1, 1, 0), (0.3, 0.2, 0.1, math.pi / 2), strict=True):
        assert radius * 0.99 < np.abs(values - middle).max() <= radius * 1.0001
        assert abs(np.mean(values) - middle) < radius * 0.05
    for name, values in draw_colour(NONE, Draw(0, 0), 3)._asdict().items():
        np.testing.assert_array_equal(values, [STILL[name]] * 3)
