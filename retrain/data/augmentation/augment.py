"""Augments training images in batches: what a step's images look like is a pure function of seed and step.

From pictures [B, h, w, 3] in [0, 255], B known, larger than the image where crops show only part of
them, to images float32 [B, H, W, 3] in [0, 1]. How an image comes out depends on (seed, step, position in the
batch) and its own picture; only mixing looks at another. Whole batches, since a TensorFlow op on one small
image costs more to start than to do.
"""

import math

import tensorflow as tf

from retrain.data.augmentation.colour import coloured, colours, draw_colour
from retrain.data.augmentation.draws import Draw
from retrain.data.augmentation.erasing import erased
from retrain.data.augmentation.levels import Augmentation
from retrain.data.augmentation.mixing import mix
from retrain.data.augmentation.rand_augment import draw_operations, more_coloured, more_tilted, toned
from retrain.data.augmentation.tilt import draw_tilt, tilted, tilts
from retrain.data.augmentation.windows import cut_out, draw_windows, enlarges

# By how much pictures are larger than images that show part of them: down to 64 % of the area, no detail that
# the file holds is lost.
MARGIN = 1.25


def picture_size(image_size: tuple[int, int], augmentation: Augmentation) -> tuple[int, int]:
    """The size of the pictures from which images of this size are made."""
    margin = MARGIN if enlarges(augmentation) else 1.0
    height, width = image_size
    return math.ceil(height * margin), math.ceil(width * margin)


def augment(
    pictures: tf.Tensor, augmentation: Augmentation, image_size: tuple[int, int], draw: Draw
) -> tf.Tensor:
    """Everything but mixing."""
    pictures, count = tf.cast(pictures, tf.float32), pictures.shape[0]
    windows = draw_windows(augmentation, draw, count)
    tilt, colour = draw_tilt(augmentation, draw, count), draw_colour(augmentation, draw, count)
    operations, magnitude = augmentation.rand_augment
    if operations:
        strengths = draw_operations(operations, magnitude, draw, count)
        tilt, colour = more_tilted(tilt, strengths), more_coloured(colour, strengths)
    if operations or tilts(augmentation):
        images = tilted(pictures, windows, tilt, image_size)
    else:
        images = cut_out(pictures, windows, image_size)
    if operations or colours(augmentation):
        # From [0, 255] to [0, 1] by way of the brightness, which saves a pass over all pixels.
        images = coloured(images, colour._replace(brightness=colour.brightness / 255.0))
    else:
        images /= 255.0
    images = tf.clip_by_value(images, 0.0, 1.0)
    if operations:
        images = toned(images, strengths)
    return erased(images, augmentation.erasing, draw) if augmentation.erasing else images


def augmented_inputs(
    pictures: tf.Tensor, augmentation: Augmentation, image_size: tuple[int, int], draw: Draw
) -> dict[str, tf.Tensor]:
    """`images`, and where they are mixed the row of each one's `partner` and its own `share` (see mixing)."""
    images = augment(pictures, augmentation, image_size, draw)
    if not augmentation.mixes:
        return {"images": images}
    return dict(zip(("images", "partner", "share"), mix(images, augmentation, draw), strict=True))
