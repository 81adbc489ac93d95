"""Augments training images in batches: what a step's images look like is a pure function of seed and step.

From decoded images [B, h, w, 3] in [0, 255], B known, larger than the image where crops show only part of
them, to images float32 [B, H, W, 3] in [0, 1]. How an image comes out depends on (seed, step, position in the
batch) and its own pixels; only mixing looks at another. Whole batches, since a TensorFlow op on one small
image costs more to start than to do.
"""

import math

import tensorflow as tf

from retrain.data.augmentation.colour import coloured, colours, draw_colour
from retrain.data.augmentation.draws import Draw
from retrain.data.augmentation.geometry import cut_out, draw_tilt, draw_windows, enlarges, tilted, tilts
from retrain.data.augmentation.overlays import erased, mix
from retrain.data.augmentation.rand_augment import draw_operations, more_coloured, more_tilted, toned
from retrain.data.images import IMAGES
from retrain.settings.augmentation import AugmentationSettings

# Beside IMAGES, what a batch of mixed images says: the row of each one's partner, and its own share.
PARTNER, SHARE = "partner", "share"
# By how much decoded images are larger than images that show part of them: down to 64 % of the area, no
# detail that the file holds is lost. Twice as large, the loss of other photos is 0.39 instead of 0.42, and
# no more of them are right (1215 and 1218 of 1364, four trainings of EfficientNet-Lite1), for 2.6 times the
# memory.
MARGIN = 1.25


def decoded_size(image_size: tuple[int, int], augmentation: AugmentationSettings) -> tuple[int, int]:
    """The size of the decoded images from which images of this size are made."""
    margin = MARGIN if enlarges(augmentation) else 1.0
    height, width = image_size
    return math.ceil(height * margin), math.ceil(width * margin)


def augmented_inputs(
    decoded: tf.Tensor, augmentation: AugmentationSettings, image_size: tuple[int, int], draw: Draw
) -> dict[str, tf.Tensor]:
    """IMAGES, and where they are mixed also PARTNER int32 [B] and SHARE float32 [B] (see `mix`)."""
    images = augment(decoded, augmentation, image_size, draw)
    if not augmentation.mixes:
        return {IMAGES: images}
    return dict(zip((IMAGES, PARTNER, SHARE), mix(images, augmentation, draw), strict=True))


def augment(
    decoded: tf.Tensor, augmentation: AugmentationSettings, image_size: tuple[int, int], draw: Draw
) -> tf.Tensor:
    """Everything but mixing."""
    decoded, count = tf.cast(decoded, tf.float32), decoded.shape[0]
    windows = draw_windows(augmentation, draw, count)
    tilt, colour = draw_tilt(augmentation, draw, count), draw_colour(augmentation, draw, count)
    operations = augmentation.rand_augment > 0
    if operations:
        strengths = draw_operations(augmentation, draw, count)
        tilt, colour = more_tilted(tilt, strengths), more_coloured(colour, strengths)
    if operations or tilts(augmentation):
        images = tilted(decoded, windows, tilt, image_size)
    else:
        images = cut_out(decoded, windows, image_size)
    if operations or colours(augmentation):
        # From [0, 255] to [0, 1] by way of the brightness, which saves a pass over all pixels.
        images = coloured(images, colour._replace(brightness=colour.brightness / 255.0))
    else:
        images /= 255.0
    images = tf.clip_by_value(images, 0.0, 1.0)
    if operations:
        images = toned(images, strengths)
    probability = augmentation.random_erasing
    return erased(images, probability, draw) if probability else images
