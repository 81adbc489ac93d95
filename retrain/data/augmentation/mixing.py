"""mixup (Zhang et al., 2017) and CutMix (Yun et al., 2019): two images of a batch share one place.

The partner of an image is the one before it, the last one for the first: batches are in random order already.
The loss is share x loss(own label) + (1 - share) x loss(partner's label), which holds for every head.
"""

import tensorflow as tf

from retrain.data.augmentation.draws import CUTMIX, MIXING, MIXUP, Draw, key, uniforms
from retrain.data.augmentation.erasing import box_mask
from retrain.data.augmentation.levels import Augmentation

TINY = 1e-30  # for a small alpha, both draws may be too small for float32


def mix(images: tf.Tensor, augmentation: Augmentation, draw: Draw) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Images float32 [B, H, W, 3], the row of each one's partner int32 [B], its own share float32 [B]."""
    count = images.shape[0]
    partner, others = tf.roll(tf.range(count), 1, 0), tf.roll(images, 1, 0)
    which, x, y = uniforms(draw, MIXING, count, 3)
    cut = which < (0.5 if augmentation.mixup else 1.0) * bool(augmentation.cutmix)
    share = _beta(augmentation.mixup or 1.0, key(draw, MIXUP), count)
    mask = _boxes(1.0 - _beta(augmentation.cutmix or 1.0, key(draw, CUTMIX), count), x, y, images.shape[1:3])
    share = tf.where(cut, 1.0 - tf.reduce_mean(tf.cast(mask, tf.float32), axis=(1, 2, 3)), share)
    own = tf.where(cut[:, None, None, None], 1.0 - tf.cast(mask, tf.float32), share[:, None, None, None])
    return own * images + (1.0 - own) * others, partner, share


def _boxes(area: tf.Tensor, x: tf.Tensor, y: tf.Tensor, image_size: tf.TensorShape) -> tf.Tensor:
    """Boxes of at most this share of the area, in the image's proportions, with their middles anywhere."""
    half = tf.sqrt(area) / 2
    return box_mask(y - half, x - half, y + half, x + half, image_size)


def _beta(alpha: float, seed: tf.Tensor, count: int) -> tf.Tensor:
    """float32 [count] from Beta(alpha, alpha)."""
    one, other = tf.unstack(tf.random.stateless_gamma([count, 2], seed, alpha), 2, axis=1)
    return one / tf.maximum(one + other, TINY)
