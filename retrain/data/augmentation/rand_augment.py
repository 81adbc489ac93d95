"""RandAugment (Cubuk et al., 2019): each image gets a few operations at random, all of one magnitude.

The paper's fourteen operations. Those of geometry and colour add to what else turns or colours the image, so
that they cost no pass of their own; the others are done to the images that drew them. Keras' RandAugment
will not do: it draws operations for a whole batch, and by how many batches it has seen, so that a run that is
continued would draw others. Equalizing and automatic contrast are Keras' layers, which draw nothing.
Strengths at magnitude 10 are torchvision's.
"""

from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

from retrain.data.augmentation.colour import Colour
from retrain.data.augmentation.draws import RAND_AUGMENT, Draw, uniforms
from retrain.data.augmentation.geometry import RADIANS, Tilt
from retrain.extensions import named
from retrain.settings.augmentation import AugmentationSettings

OPERATIONS = (
    *("identity", "turn", "shear_x", "shear_y", "shift_x", "shift_y"),
    *("brightness", "contrast", "saturation"),
    *("sharpness", "posterize", "solarize", "auto_contrast", "equalize"),
)
LARGEST_TILT = {"turn": 30 * RADIANS, "shear_x": 0.3, "shear_y": 0.3, "shift_x": 0.45, "shift_y": 0.45}
LARGEST_FACTOR = 0.9
LARGEST_MAGNITUDE = 10
BITS = 4  # that a posterized image keeps at the largest magnitude

# Operation -> float32 [B]: from -1 to 1, 0 where an image did not draw it.
Strengths = Mapping[str, tf.Tensor]
# From images [B, H, W, 3] and strengths [B, 1, 1, 1] to images that may leave [0, 1].
Tone = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def draw_operations(augmentation: AugmentationSettings, draw: Draw, count: int) -> Strengths:
    """An operation that an image draws twice counts twice."""
    operations, magnitude = augmentation.rand_augment, augmentation.rand_augment_magnitude
    draws = tf.stack(uniforms(draw, RAND_AUGMENT, count, 2 * operations), axis=1)
    chosen = tf.one_hot(tf.cast(draws[:, :operations] * len(OPERATIONS), tf.int32), len(OPERATIONS))
    sign = tf.where(draws[:, operations:] < 0.5, -1.0, 1.0)
    strengths = tf.reduce_sum(chosen * sign[..., None], axis=1) * magnitude / LARGEST_MAGNITUDE
    return dict(zip(OPERATIONS, tf.unstack(strengths, len(OPERATIONS), axis=1), strict=True))


def more_tilted(tilt: Tilt, strengths: Strengths) -> Tilt:
    more = {name: getattr(tilt, name) + most * strengths[name] for name, most in LARGEST_TILT.items()}
    return tilt._replace(**more)


def more_coloured(colour: Colour, strengths: Strengths) -> Colour:
    names = ("brightness", "contrast", "saturation")
    more = {name: getattr(colour, name) * (1.0 + LARGEST_FACTOR * strengths[name]) for name in names}
    return colour._replace(**more)


def toned(images: tf.Tensor, strengths: Strengths) -> tf.Tensor:
    """float32 [B, H, W, 3] in [0, 1], as `images` are: what is left of the operations."""
    for name, tone in TONES.items():
        images = _on_chosen(images, strengths[name], tone)
    return images


def _on_chosen(images: tf.Tensor, strength: tf.Tensor, tone: Tone) -> tf.Tensor:
    """The images with `tone` done to those that drew it: few do, and these operations are slow."""
    rows = tf.where(strength != 0.0)

    def done() -> tf.Tensor:
        changed = tone(tf.gather_nd(images, rows), tf.gather_nd(strength, rows)[:, None, None, None])
        return tf.tensor_scatter_nd_update(images, rows, tf.clip_by_value(changed, 0.0, 1.0))

    return tf.cond(tf.size(rows) > 0, done, lambda: images)


def _sharpen(images: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
    """Away from, or towards, a blurred copy."""
    kernel = np.tile(np.array([[1, 1, 1], [1, 5, 1], [1, 1, 1]])[..., None, None] / 13, (1, 1, 3, 1))
    padded = tf.pad(images, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC")
    blurred = tf.nn.depthwise_conv2d(padded, tf.constant(kernel, tf.float32), [1, 1, 1, 1], "VALID")
    return images + LARGEST_FACTOR * strength * (images - blurred)


def _posterize(images: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
    steps = 2.0 ** tf.round(8.0 - (8 - BITS) * tf.abs(strength)) / 256.0
    return tf.floor(images * 255.0 * steps) / (255.0 * steps)


def _solarize(images: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
    return tf.where(images < 1.0 - tf.abs(strength), images, 1.0 - images)


def _auto_contrast(images: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
    return _of_keras("AutoContrast", images)


def _equalize(images: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
    return _of_keras("Equalization", images)


def _of_keras(layer: str, images: tf.Tensor) -> tf.Tensor:
    """Imported on use, which takes a while."""
    return named(f"keras.layers:{layer}")(value_range=(0, 1))(images)


TONES: Mapping[str, Tone] = {
    "sharpness": _sharpen,
    "posterize": _posterize,
    "solarize": _solarize,
    "auto_contrast": _auto_contrast,
    "equalize": _equalize,
}
