"""From the bytes of a PNG that has an alpha channel or 16 bits, or of a still WebP, to opaque pixels, by
TensorFlow ops alone; equal to the bit to what NumPy makes of them: `retrain.opaque_pixels`.
"""

from collections.abc import Callable

import tensorflow as tf
from PIL import ImageColor

from retrain.data.claims_in_graph import begins
from retrain.image_formats import WEBP
from retrain.opaque_pixels import BAND


def decode_deep(contents: tf.Tensor, background: str) -> tf.Tensor:
    """The image of a file's bytes (scalar string), on the background: uint8 [H, W, 3]."""

    def of_16_bits() -> tf.Tensor:
        return tf.io.decode_png(contents, 4, tf.uint16)

    def of_8_bits() -> tf.Tensor:
        pixels = tf.cond(is_webp, webp, lambda: tf.io.decode_png(contents, 4))
        return tf.ensure_shape(pixels, [None, None, None])

    def webp() -> tf.Tensor:
        # Not decode_webp, for TensorFlow 2.15 would not load a graph with an operation that it does not know.
        as_stored = 0
        return tf.io.decode_image(contents, channels=as_stored, expand_animations=False)

    is_webp = begins(contents, WEBP)
    has_16_bits = ~is_webp & (tf.strings.substr(contents, 24, 1) == b"\x10")
    return tf.cond(
        has_16_bits, lambda: _opaque(of_16_bits, background), lambda: _opaque(of_8_bits, background)
    )


def _opaque(decoded: Callable[[], tf.Tensor], background: str) -> tf.Tensor:
    """A function, lest what it gives be kept beside the image that is made of it."""
    return _opaque_bands(decoded(), background).concat()


def _opaque_bands(pixels: tf.Tensor, background: str) -> tf.TensorArray:
    """RGB and alpha, [H, W, 4], or RGB alone -> the image in bands."""
    has_alpha = tf.shape(pixels)[2] == 4
    to_16_bits, whole = (1.0, _whole(pixels)) if pixels.dtype == tf.uint16 else (257.0, 65535.0)
    rows = tf.maximum(1, BAND // tf.shape(pixels)[1])
    count = -(-tf.shape(pixels)[0] // rows)

    def step(index: tf.Tensor, bands: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
        band = tf.cast(pixels[index * rows : (index + 1) * rows], tf.float32) * to_16_bits
        alpha = tf.where(has_alpha, band[..., -1:] / 65535, 1)
        image = on_background(band[..., :3] * (255 / whole), alpha, background)
        return index + 1, bands.write(index, image)

    bands = tf.TensorArray(tf.uint8, count, infer_shape=False, element_shape=[None, None, 3])
    begin = [tf.constant(0), bands]
    return tf.while_loop(lambda index, _: index < count, step, begin, parallel_iterations=1)[1]


def _whole(pixels: tf.Tensor) -> tf.Tensor:
    """What white is in values of 16 bits, of which cameras and programs use 12 or 8: see `opaque`."""
    highest = tf.cast(tf.reduce_max(tf.reduce_max(pixels, [0, 1])[:3]), tf.float32)
    narrow = (highest > 0) & (highest <= 4095)
    return tf.where(narrow, tf.where(highest <= 255, 255.0, 4095.0), 65535.0)


def on_background(colours: tf.Tensor, alpha: tf.Tensor, background: str) -> tf.Tensor:
    """Colours [H, W, 3] in [0, 255] and their alpha [H, W, 1] in [0, 1] -> the image, uint8 [H, W, 3]."""
    behind = tf.constant(ImageColor.getrgb(background)[:3], tf.float32)
    return tf.cast(tf.round(alpha * colours + (1 - alpha) * behind), tf.uint8)
