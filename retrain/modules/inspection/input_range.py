"""Whether a module was made for pixels in [0, 255], or in [-1, 1], and not for those in [0, 1].

The first shows in how well it tells the same images apart. MobileNets in a module that divides by 255 itself
tell photos of clothing in [0, 255] apart 20 to 90 times as well as those in [0, 1], any 16 of them; in one
that takes [0, 1], 0.6 to 0.8 times as well. It costs 30 points and more.

A network for [-1, 1] that is given [0, 1] sees pale images, and tells these apart as well. Without the flag,
heads on MobileNet v1 0.25 lost 2 points on 341 photos of clothing (66.0 for 68.3 %), on v2 none. It shows in
what the first batch norm remembers of the images of training: the mean of what a convolution makes of them,
which depends on their mean colour alone. A step of training on images of the usual mean colour moves it by a
share of the difference. In the right range it moves 3.7 (v1), 4.5 (v2) and 10 (EfficientNet-Lite1) times less
than by pale images, 10 to 20 times less than by those in twice the range. A module without a graph for
training, as Keras exports it, keeps that to itself.
"""

import numpy as np
import tensorflow as tf

from retrain.errors import InputError
from retrain.modules.graphs.one_replica import one_replica_here
from retrain.modules.graphs.pixel_range import is_out_of_range
from retrain.modules.image_module import ImageModule

FAR_BETTER = 4.0
FAR_NEARER = 2.5
OF_BYTES = 32.0  # what divides pixels by more was made for [0, 255]: by 255, 127.5, or how much these deviate
MOST = 1000.0  # what does not depend on the images at all, but for rounding, is not told in figures
# Of the photos of ImageNet, https://pytorch.org/vision/stable/models.html; they deviate about as much.
MEAN_COLOUR, DEVIATION = (0.485, 0.456, 0.406), 0.25
IMAGES = 2


def gain_of(rows: np.ndarray, bright: np.ndarray) -> float:
    """How many times as well images are told apart by the rows [N, F] of bright ones, in [0, 255]."""
    if not np.isfinite(bright).all():
        return 1.0
    return min(MOST, _contrast(bright) / max(_contrast(rows), 1e-30))


def refuses_bright(module: ImageModule) -> bool:
    """Whether its own graph refuses pixels in [0, 255], as those of the classifiers do that retrain exports.

    Not told in a graph of TensorFlow 1, where nothing is run.
    """
    if not tf.executing_eagerly():
        return False
    white = tf.fill([1, *module.image_size, 3], 255.0)
    try:
        with one_replica_here():
            module.outputs(white, next(iter(module.signatures)))
    except tf.errors.InvalidArgumentError as error:
        return is_out_of_range(error)
    return False


def nearness_of_signed(module: ImageModule) -> float:
    """How many times nearer to what its first batch norm remembers are images in [-1, 1] than in [0, 1].

    1.0 where it has none, or none that training moves. Its variables are afterwards as they were.
    """
    random = np.random.default_rng(0)
    images = random.normal(MEAN_COLOUR, DEVIATION, [IMAGES, *module.image_size, 3]).astype(np.float32)
    try:
        unsigned, signed = (_first_shift(module, each) for each in (images, 2.0 * images - 1.0))
    except (InputError, tf.errors.OpError):
        return 1.0
    return min(MOST, unsigned / signed) if unsigned and signed else 1.0


def _first_shift(module: ImageModule, images: np.ndarray) -> float:
    """How far a step of training moves the first average that it moves, relative to it; 0.0 if none tells."""
    averages = [v for v in module.variables if not v.trainable and v.dtype.is_floating]
    if not averages:
        return 0.0
    before = [average.numpy() for average in averages]
    try:
        module(tf.constant(images), training=True)
        for average, value in zip(averages, before, strict=True):
            moved = np.linalg.norm(average.numpy() - value)
            if moved:
                # Zeros, as they begin, remember nothing.
                return float(moved / np.linalg.norm(value)) if value.any() else 0.0
        return 0.0
    finally:
        for average, value in zip(averages, before, strict=True):
            average.assign(value)


def _contrast(rows: np.ndarray) -> float:
    """How large the differences between rows are, relative to the rows."""
    return float(np.linalg.norm(rows - rows.mean(axis=0)) / max(np.linalg.norm(rows), 1e-30))
