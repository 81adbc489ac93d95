"""Brightness, contrast, saturation and hue of augmented images: one matrix an image.

Brightness multiplies; contrast moves towards and away from the image's mean, saturation from each pixel's
grey (ITU-R BT.601, as in tf.image), and hue turns the plane of colours of YIQ. What leaves the range of
colours is not cut off.
"""

import math
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from retrain.data.augmentation.draws import COLOUR, Draw, around, uniforms
from retrain.settings.augmentation import AugmentationSettings

GREY = np.array([0.299, 0.587, 0.114], np.float32)
# The columns of the matrix from RGB to YIQ.
YIQ = np.array([[0.299, 0.596, 0.211], [0.587, -0.274, -0.523], [0.114, -0.322, 0.312]])


class Colour(NamedTuple):
    """Each float32 [B]: three factors, and the turn of the hue in radians."""

    brightness: tf.Tensor
    contrast: tf.Tensor
    saturation: tf.Tensor
    hue: tf.Tensor


def colours(augmentation: AugmentationSettings) -> bool:
    """Whether colours change."""
    tones = augmentation.random_brightness or augmentation.random_contrast
    return bool(tones or augmentation.random_saturation or augmentation.random_hue)


def draw_colour(augmentation: AugmentationSettings, draw: Draw, count: int) -> Colour:
    brightness, contrast, saturation, hue = uniforms(draw, COLOUR, count, 4)
    return Colour(
        brightness=1.0 + around(brightness, augmentation.random_brightness / 100),
        contrast=1.0 + around(contrast, augmentation.random_contrast / 100),
        saturation=1.0 + around(saturation, augmentation.random_saturation / 100),
        hue=around(hue, math.radians(augmentation.random_hue)),
    )


def coloured(images: tf.Tensor, colour: Colour) -> tf.Tensor:
    """float32 [B, H, W, 3] of the same shape."""
    brightness, contrast, saturation = (factor[:, None, None] for factor in colour[:3])
    # Of all values, not of greys: a reduction over the inner axis, too, is five times as fast.
    mean = tf.reduce_mean(images, axis=(1, 2, 3), keepdims=True)[..., 0]
    to_grey = tf.constant(np.tile(GREY[:, None], 3))
    matrix = saturation * tf.eye(3) + (1.0 - saturation) * to_grey
    matrix = contrast * brightness * matrix @ _hue_matrix(colour.hue)
    pixels = tf.reshape(images, [images.shape[0], -1, 3]) @ matrix + (1.0 - contrast) * brightness * mean
    return tf.reshape(pixels, images.shape)


def _hue_matrix(hue: tf.Tensor) -> tf.Tensor:
    """float32 [B, 3, 3], which leaves greys as they are."""
    yiq, back = tf.constant(YIQ, tf.float32), tf.constant(np.linalg.inv(YIQ), tf.float32)
    cos, sin, zero = tf.cos(hue), tf.sin(hue), tf.zeros_like(hue)
    rows = [[zero + 1.0, zero, zero], [zero, cos, sin], [zero, -sin, cos]]
    turn = tf.stack([tf.stack(row, axis=1) for row in rows], axis=1)
    return yiq @ turn @ back
