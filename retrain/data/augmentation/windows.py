"""Which window of a picture becomes the image: crops and flips.

A window is (top, left, bottom, right) in shares of the picture's height and width; left is beyond right where
the image is mirrored. Cutting out resamples bilinearly as `tf.image.resize` does, half a pixel at the most
from it at a picture's edge.
"""

import math

import tensorflow as tf

from retrain.data.augmentation.draws import WINDOW, Draw, around, uniforms
from retrain.data.augmentation.levels import Augmentation

STRETCH = math.log(4 / 3)  # of the sides of a random resized crop, as in Inception's training
# How far from the edge a pixel is taken at least: what rounding puts outside would be black.
INSIDE = 1e-6


def enlarges(augmentation: Augmentation) -> bool:
    """Whether windows are smaller than the picture, which must then be larger than the image."""
    return bool(augmentation.resized_crop or augmentation.crop or augmentation.scale)


def draw_windows(augmentation: Augmentation, draw: Draw, count: int) -> tf.Tensor:
    """float32 [count, 4]."""
    area, stretch, scale, x, y, mirrored = uniforms(draw, WINDOW, count, 6)
    smallest = augmentation.resized_crop or 1.0
    side = tf.sqrt(smallest + (1.0 - smallest) * area)
    side /= (1.0 + augmentation.crop) * (1.0 + augmentation.scale * scale)
    ratio = tf.exp(around(stretch, STRETCH / 2 if augmentation.resized_crop else 0.0))
    height, width = tf.minimum(side / ratio, 1.0), tf.minimum(side * ratio, 1.0)
    top, left = y * (1.0 - height), x * (1.0 - width)
    mirror = (mirrored < 0.5) & augmentation.flip_left_right
    ends = left + tf.where(mirror, width, 0.0), left + tf.where(mirror, 0.0, width)
    return tf.stack([top, ends[0], top + height, ends[1]], axis=1)


def cut_out(pictures: tf.Tensor, windows: tf.Tensor, image_size: tuple[int, int]) -> tf.Tensor:
    """The windows [B, 4] of pictures float32 [B, h, w, 3], resized to float32 [B, H, W, 3]."""
    count = pictures.shape[0]
    size = tf.constant([*pictures.shape[1:3]] * 2, tf.float32)
    starts, ends = windows[:, :2], windows[:, 2:]
    half_a_pixel = (ends - starts) / (2.0 * tf.constant(image_size, tf.float32))
    # This op wants the middles of the outermost pixels, as shares of the way from the first to the last.
    middles = tf.concat([starts + half_a_pixel, ends - half_a_pixel], axis=1)
    boxes = tf.clip_by_value((middles * size - 0.5) / tf.maximum(size - 1.0, 1.0), INSIDE, 1.0 - INSIDE)
    return tf.image.crop_and_resize(pictures, boxes, tf.range(count), image_size)
