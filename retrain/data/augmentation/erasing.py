"""Random erasing (Zhong et al., 2017): a box of noise over part of an image; and boxes, for CutMix, too."""

import math

import tensorflow as tf

from retrain.data.augmentation.draws import ERASING, NOISE, Draw, around, key, uniforms

SMALLEST, LARGEST = 0.02, 1 / 3  # shares of the area
STRETCH = math.log(3.3)  # of the box's width over its height


def erased(images: tf.Tensor, probability: float, draw: Draw) -> tf.Tensor:
    """float32 [B, H, W, 3] in [0, 1]."""
    count = images.shape[0]
    erase, area, stretch, x, y = uniforms(draw, ERASING, count, 5)
    side = tf.sqrt(SMALLEST + (LARGEST - SMALLEST) * area)
    ratio = tf.exp(around(stretch, STRETCH / 2))
    height, width = tf.minimum(side / ratio, 1.0), tf.minimum(side * ratio, 1.0)
    top, left = y * (1.0 - height), x * (1.0 - width)
    mask = box_mask(top, left, top + height, left + width, images.shape[1:3])
    mask &= (erase < probability)[:, None, None, None]
    noise = tf.random.stateless_uniform(tf.shape(images), key(draw, NOISE))
    return tf.where(mask, noise, images)


def box_mask(
    top: tf.Tensor, left: tf.Tensor, bottom: tf.Tensor, right: tf.Tensor, image_size: tf.TensorShape
) -> tf.Tensor:
    """bool [B, H, W, 1]: the pixels whose middles lie in the boxes, given in shares of height and width."""
    y, x = ((tf.range(length, dtype=tf.float32) + 0.5) / length for length in image_size)
    rows = (y >= top[:, None]) & (y < bottom[:, None])
    columns = (x >= left[:, None]) & (x < right[:, None])
    return (rows[:, :, None] & columns[:, None, :])[..., None]
