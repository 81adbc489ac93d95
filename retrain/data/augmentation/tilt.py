"""How an image lies in its window: rotation, shear, shift and zoom, and one resampling for all of them.

They are multiplied into one matrix an image. What lies outside of the picture is mirrored at its edge. An
image of 128 x 128 takes 1.3 ms of a core; flip, rotation, shift and zoom as Keras layers, which resample once
each, took 4.9 ms, and a window alone (`retrain.data.augmentation.windows`) takes 0.2 ms.
"""

import math
from typing import NamedTuple

import tensorflow as tf

from retrain.data.augmentation.draws import TILT, Draw, around, uniforms
from retrain.data.augmentation.levels import Augmentation

RADIANS = math.pi / 180


class Tilt(NamedTuple):
    """Each float32 [B].

    Attributes:
      turn: radians, clockwise.
      shear_x, shear_y: by how many columns a row is moved for each row, and the other way round.
      shift_x, shift_y: to the right and down, in shares of the image.
      zoom: how many times larger.
    """

    turn: tf.Tensor
    shear_x: tf.Tensor
    shear_y: tf.Tensor
    shift_x: tf.Tensor
    shift_y: tf.Tensor
    zoom: tf.Tensor


def tilts(augmentation: Augmentation) -> bool:
    """Whether images are more than windows of their pictures."""
    shifts = augmentation.width_shift or augmentation.height_shift
    return bool(augmentation.rotation or augmentation.shear or shifts or augmentation.zoom)


def draw_tilt(augmentation: Augmentation, draw: Draw, count: int) -> Tilt:
    turn, shear, x, y, zoom = uniforms(draw, TILT, count, 5)
    return Tilt(
        around(turn, augmentation.rotation * RADIANS),
        tf.tan(around(shear, augmentation.shear * RADIANS)),
        tf.zeros_like(shear),
        around(x, augmentation.width_shift),
        around(y, augmentation.height_shift),
        1.0 + around(zoom, augmentation.zoom),
    )


def tilted(pictures: tf.Tensor, windows: tf.Tensor, tilt: Tilt, image_size: tuple[int, int]) -> tf.Tensor:
    """The images of these windows (see `windows`) in this tilt: float32 [B, H, W, 3]."""
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=pictures,
        transforms=_transforms(windows, tilt, pictures.shape[1:3], image_size),
        output_shape=image_size,
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="REFLECT",
    )


def _transforms(
    windows: tf.Tensor, tilt: Tilt, picture_size: tf.TensorShape, image_size: tuple[int, int]
) -> tf.Tensor:
    """float32 [B, 8]: from the indices (x, y) of an image's pixel to those of its place in the picture."""
    (height, width), (picture_height, picture_width) = image_size, picture_size
    top, left, bottom, right = tf.unstack(windows, axis=1)
    # Pixels of the picture for one of the image, before the tilt.
    scale_x, scale_y = (right - left) * picture_width / width, (bottom - top) * picture_height / height
    cos, sin = tf.cos(tilt.turn) / tilt.zoom, tf.sin(tilt.turn) / tilt.zoom
    xx, xy = scale_x * (cos - sin * tilt.shear_y), scale_x * (sin - cos * tilt.shear_x)
    yx, yy = scale_y * (-sin - cos * tilt.shear_y), scale_y * (cos + sin * tilt.shear_x)
    # The first pixel's middle, from the middle of the image, once this is where its content came from.
    x, y = 0.5 - width * (0.5 + tilt.shift_x), 0.5 - height * (0.5 + tilt.shift_y)
    first_x = (left + right) / 2 * picture_width - 0.5 + xx * x + xy * y
    first_y = (top + bottom) / 2 * picture_height - 0.5 + yx * x + yy * y
    nothing = tf.zeros_like(x)
    return tf.stack([xx, xy, first_x, yx, yy, first_y, nothing, nothing], axis=1)
