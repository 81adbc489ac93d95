"""Where in a decoded image the training image lies: crops, flips, rotation, shear, shift and zoom.

A window is (top, left, bottom, right) in shares of the decoded image's height and width; left is beyond right
where the image is mirrored. Cutting it out resamples bilinearly as `tf.image.resize` does, half a pixel at
the most from it at the edge. The tilt in it is one matrix an image, so that all is one resampling, and what
lies outside of the decoded image is mirrored at its edge.

A window alone takes 0.2 ms of a core for an image of 128 x 128, a tilt 1.3 ms; flip, rotation, shift and zoom
as Keras layers, which resample once each, took 4.9 ms.
"""

import math
from typing import NamedTuple

import tensorflow as tf

from retrain.data.augmentation.draws import TILT, WINDOW, Draw, around, uniforms
from retrain.settings.augmentation import AugmentationSettings

STRETCH = math.log(4 / 3)  # of the sides of a random resized crop, as in Inception's training
# How far from the edge a pixel is taken at least: what rounding puts outside would be black.
INSIDE = 1e-6
RADIANS = math.pi / 180


class Tilt(NamedTuple):
    """How images lie in their windows; each float32 [B].

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


def enlarges(augmentation: AugmentationSettings) -> bool:
    """Whether windows are smaller than the decoded image, which must then be larger than the image."""
    crops = augmentation.random_resized_crop or augmentation.random_crop
    return bool(crops or augmentation.random_scale)


def tilts(augmentation: AugmentationSettings) -> bool:
    """Whether images are more than windows of the decoded ones."""
    turns = augmentation.rotation_range or augmentation.shear_range
    shifts = augmentation.width_shift_range or augmentation.height_shift_range
    return bool(turns or shifts or augmentation.zoom_range)


def draw_windows(augmentation: AugmentationSettings, draw: Draw, count: int) -> tf.Tensor:
    """float32 [count, 4]."""
    area, stretch, scale, x, y, mirrored = uniforms(draw, WINDOW, count, 6)
    smallest = augmentation.random_resized_crop / 100 or 1.0
    side = tf.sqrt(smallest + (1.0 - smallest) * area)
    side /= (1.0 + augmentation.random_crop / 100) * (1.0 + augmentation.random_scale / 100 * scale)
    ratio = tf.exp(around(stretch, STRETCH / 2 if augmentation.random_resized_crop else 0.0))
    height, width = tf.minimum(side / ratio, 1.0), tf.minimum(side * ratio, 1.0)
    top, left = y * (1.0 - height), x * (1.0 - width)
    mirror = (mirrored < 0.5) & augmentation.flip_left_right
    ends = left + tf.where(mirror, width, 0.0), left + tf.where(mirror, 0.0, width)
    return tf.stack([top, ends[0], top + height, ends[1]], axis=1)


def draw_tilt(augmentation: AugmentationSettings, draw: Draw, count: int) -> Tilt:
    turn, shear, x, y, zoom = uniforms(draw, TILT, count, 5)
    return Tilt(
        turn=around(turn, augmentation.rotation_range * RADIANS),
        shear_x=tf.tan(around(shear, augmentation.shear_range * RADIANS)),
        shear_y=tf.zeros_like(shear),
        shift_x=around(x, augmentation.width_shift_range),
        shift_y=around(y, augmentation.height_shift_range),
        zoom=1.0 + around(zoom, augmentation.zoom_range),
    )


def cut_out(decoded: tf.Tensor, windows: tf.Tensor, image_size: tuple[int, int]) -> tf.Tensor:
    """The windows [B, 4] of decoded images float32 [B, h, w, 3], resized to float32 [B, H, W, 3]."""
    count = decoded.shape[0]
    size = tf.constant([*decoded.shape[1:3]] * 2, tf.float32)
    starts, ends = windows[:, :2], windows[:, 2:]
    half_a_pixel = (ends - starts) / (2.0 * tf.constant(image_size, tf.float32))
    # This op wants the middles of the outermost pixels, as shares of the way from the first to the last.
    middles = tf.concat([starts + half_a_pixel, ends - half_a_pixel], axis=1)
    boxes = tf.clip_by_value((middles * size - 0.5) / tf.maximum(size - 1.0, 1.0), INSIDE, 1.0 - INSIDE)
    return tf.image.crop_and_resize(decoded, boxes, tf.range(count), image_size)


def tilted(decoded: tf.Tensor, windows: tf.Tensor, tilt: Tilt, image_size: tuple[int, int]) -> tf.Tensor:
    """The same, with the images in this tilt."""
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=decoded,
        transforms=_transforms(windows, tilt, decoded.shape[1:3], image_size),
        output_shape=image_size,
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="REFLECT",
    )


def _transforms(
    windows: tf.Tensor, tilt: Tilt, decoded_size: tf.TensorShape, image_size: tuple[int, int]
) -> tf.Tensor:
    """float32 [B, 8]: from indices (x, y) of an image's pixel to those of its place in the decoded one."""
    (height, width), (decoded_height, decoded_width) = image_size, decoded_size
    top, left, bottom, right = tf.unstack(windows, axis=1)
    # Pixels of the decoded image for one of the image, before the tilt.
    scale_x, scale_y = (right - left) * decoded_width / width, (bottom - top) * decoded_height / height
    cos, sin = tf.cos(tilt.turn) / tilt.zoom, tf.sin(tilt.turn) / tilt.zoom
    xx, xy = scale_x * (cos - sin * tilt.shear_y), scale_x * (sin - cos * tilt.shear_x)
    yx, yy = scale_y * (-sin - cos * tilt.shear_y), scale_y * (cos + sin * tilt.shear_x)
    # The first pixel's middle, from the middle of the image, once this is where its content came from.
    x, y = 0.5 - width * (0.5 + tilt.shift_x), 0.5 - height * (0.5 + tilt.shift_y)
    first_x = (left + right) / 2 * decoded_width - 0.5 + xx * x + xy * y
    first_y = (top + bottom) / 2 * decoded_height - 0.5 + yx * x + yy * y
    nothing = tf.zeros_like(x)
    return tf.stack([xx, xy, first_x, yx, yy, first_y, nothing, nothing], axis=1)
