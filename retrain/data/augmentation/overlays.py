"""What is laid over an image: a box of noise (random erasing, Zhong et al., 2017), or another of its batch.

In mixup (Zhang et al., 2017) and CutMix (Yun et al., 2019) two images of a batch share one place. The partner
of an image is the one before it, the last one for the first: batches are in random order already. The loss is
share x loss(own label) + (1 - share) x loss(partner's label), which holds for every head.
"""

import math

import tensorflow as tf

from retrain.data.augmentation.draws import (
    CUTMIX,
    ERASING,
    MIXING,
    MIXUP,
    NOISE,
    Draw,
    around,
    key,
    uniforms,
)
from retrain.settings.augmentation import AugmentationSettings

SMALLEST, LARGEST = 0.02, 1 / 3  # shares of the area that noise covers
STRETCH = math.log(3.3)  # of the width of the box of noise over its height
TINY = 1e-30  # for a small alpha, both draws of a share may be too small for float32


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
    height, width = images.shape[1:3]
    noise = tf.random.stateless_uniform([draw.first + count, height, width, 3], key(draw, NOISE))
    return tf.where(mask, noise[draw.first :], images)


def mix(
    images: tf.Tensor, augmentation: AugmentationSettings, draw: Draw
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Images float32 [B, H, W, 3], the row of each one's partner int32 [B], its own share float32 [B].

    With mixup and cutmix both, half of the images get one and half the other.
    """
    mixup, cutmix = augmentation.mixup, augmentation.cutmix
    count = images.shape[0]
    partner, others = tf.roll(tf.range(count), 1, 0), tf.roll(images, 1, 0)
    which, x, y = uniforms(draw, MIXING, count, 3)
    cut = which < (0.5 if mixup else 1.0) * bool(cutmix)
    share = _beta(mixup or 1.0, draw, MIXUP, count)
    mask = _boxes(1.0 - _beta(cutmix or 1.0, draw, CUTMIX, count), x, y, images.shape[1:3])
    share = tf.where(cut, 1.0 - tf.reduce_mean(tf.cast(mask, tf.float32), axis=(1, 2, 3)), share)
    own = tf.where(cut[:, None, None, None], 1.0 - tf.cast(mask, tf.float32), share[:, None, None, None])
    return own * images + (1.0 - own) * others, partner, share


def _boxes(area: tf.Tensor, x: tf.Tensor, y: tf.Tensor, image_size: tf.TensorShape) -> tf.Tensor:
    """Boxes of at most this share of the area, in the image's proportions, with their middles anywhere."""
    half = tf.sqrt(area) / 2
    return box_mask(y - half, x - half, y + half, x + half, image_size)


def box_mask(
    top: tf.Tensor, left: tf.Tensor, bottom: tf.Tensor, right: tf.Tensor, image_size: tf.TensorShape
) -> tf.Tensor:
    """bool [B, H, W, 1]: the pixels whose middles lie in the boxes, given in shares of height and width."""
    y, x = ((tf.range(length, dtype=tf.float32) + 0.5) / length for length in image_size)
    rows = (y >= top[:, None]) & (y < bottom[:, None])
    columns = (x >= left[:, None]) & (x < right[:, None])
    return (rows[:, :, None] & columns[:, None, :])[..., None]


def _beta(alpha: float, draw: Draw, part: int, count: int) -> tf.Tensor:
    """float32 [count] from Beta(alpha, alpha)."""
    drawn = tf.random.stateless_gamma([draw.first + count, 2], key(draw, part), alpha)[draw.first :]
    one, other = tf.unstack(drawn, 2, axis=1)
    return one / tf.maximum(one + other, TINY)
