"""The embedded module without weights: a designed feature extractor, for where there is no network.

Contract: `gradient_features` maps images float32 [B, 128, 128, 3], RGB in [0, 1], to float32
[B, NUM_FEATURES]. It has no variables; a row depends on its own image only, and is the same for the mirror
image. Features are finite for any image and about 1 in size (root mean square), so a linear head needs no
standardisation.

Three blocks: histograms of gradient orientations at three scales say which edges are where; a coarse
histogram says which colours; cosines of fixed pseudo-random mixtures of both let a linear head see what comes
together. Resizing images to IMAGE_SIZE, and everything about labels, are left to others.
"""

import hashlib
import math

import numpy as np
import tensorflow as tf

from retrain.modules.image_module import ImageModule, check_has_signature, expected_image_size
from retrain.modules.signatures import DEFAULT_OUTPUT, IMAGE_FEATURE_VECTOR, image_signature
from retrain.settings.module import ModuleSettings

IMAGE_SIZE = (128, 128)
VERSION = "1"  # Part of the fingerprint, by which features are cached: changes whenever a feature does.

SHRINKS = (1, 2, 4)
GRID = 8  # Cells along a side at every scale: 16, 8 and 4 pixels wide in images of 128, 64 and 32.
ORIENTATIONS = 8
SHADES, TINTS, TINT_RANGE = 5, 3, 0.2
COLOUR_WEIGHT = 0.4  # On photos of clothes, twice as much lowers the accuracy.
MIXTURES, SIDE = 2, 32  # Each mixture takes SIDE * SIDE numbers: the descriptor, padded with zeros.

SCALE_FEATURES = GRID * (GRID // 2) * ORIENTATIONS
SHAPE_FEATURES = len(SHRINKS) * SCALE_FEATURES
COLOUR_FEATURES = 2 * SHADES * TINTS * TINTS
NUM_FEATURES = SHAPE_FEATURES + COLOUR_FEATURES + MIXTURES * SIDE * SIDE


class Gradients(ImageModule):
    """`gradient_features` as an image module; it has nothing to train."""

    def outputs(self, images: tf.Tensor, signature: str, training: bool = False) -> dict[str, tf.Tensor]:
        check_has_signature(self.handle, self.signatures, signature)
        return {DEFAULT_OUTPUT: gradient_features(images)}


def load(location: str, handle: str, settings: ModuleSettings) -> Gradients:
    """The module, of which there is one."""
    image_size = expected_image_size(handle, [IMAGE_SIZE], settings.image_size)
    outputs = {DEFAULT_OUTPUT: tf.TensorSpec([None, NUM_FEATURES], tf.float32)}
    return Gradients(
        handle,
        hashlib.sha256(f"builtin {VERSION}".encode()).hexdigest(),
        {IMAGE_FEATURE_VECTOR: image_signature(image_size, outputs)},
        image_size,
        settings.feature_output or DEFAULT_OUTPUT,
    )


def gradient_features(images: tf.Tensor) -> tf.Tensor:
    """Features [B, NUM_FEATURES] of images [B, 128, 128, 3]: shape, colour, cosines of their mixtures."""
    # Square roots even out the contrast of bright and dark places (Dalal & Triggs 2005, section 6.1).
    roots = tf.sqrt(images + 1e-3)
    shapes = [_oriented_gradients(_pool(roots, shrink)) for shrink in SHRINKS]
    descriptor = tf.concat([*shapes, COLOUR_WEIGHT * _colours(_pool(images, 4))], axis=1)
    # The numbers of a scale have a sum of squares of 1; this makes it their mean.
    return tf.concat([math.sqrt(SCALE_FEATURES) * descriptor, _cosines(descriptor)], axis=1)


def _oriented_gradients(images: tf.Tensor) -> tf.Tensor:
    """Histograms of oriented gradients (Dalal & Triggs 2005) on a grid: norm 1, less when plain."""
    mirrored_orientations = [-k % ORIENTATIONS for k in range(ORIENTATIONS)]
    cells = _pool(_orientations(images), images.shape[1] // GRID)
    cells = _fold(cells, tf.gather(cells, mirrored_orientations, axis=-1))
    # Contrast counts relative to the 5 x 5 cells around; the constant keeps the noise of plain ground small.
    energy = tf.nn.avg_pool2d(tf.reduce_sum(cells, axis=-1, keepdims=True), 5, 1, "SAME")
    return tf.math.l2_normalize(_square_roots(cells / (energy + 0.1)), axis=-1, epsilon=1.0)


def _orientations(images: tf.Tensor) -> tf.Tensor:
    """Gradient strength by orientation, [B, H, W, ORIENTATIONS], beginning with that of vertical edges."""
    padded = tf.pad(images, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC")
    dx = padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]
    dy = padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]
    # The colour channel with the strongest gradient speaks for the pixel (Dalal & Triggs 2005, section 6.2).
    strongest = tf.one_hot(tf.argmax(dx * dx + dy * dy, axis=-1), 3)
    dx = tf.reduce_sum(dx * strongest, axis=-1, keepdims=True)
    dy = tf.reduce_sum(dy * strongest, axis=-1, keepdims=True)
    strength = tf.sqrt(dx * dx + dy * dy + 1e-8)
    # Doubling the angle makes opposite gradients one orientation, and cosines instead of an arc tangent make
    # soft bins: each fades out where its neighbours have their centres.
    doubled = tf.concat([dx * dx - dy * dy, 2 * dx * dy], axis=-1) / strength
    angles = 2 * math.pi / ORIENTATIONS * np.arange(ORIENTATIONS)
    centres = tf.constant(np.stack([np.cos(angles), np.sin(angles)]), tf.float32)
    return tf.nn.relu(tf.tensordot(doubled, centres, 1) - math.cos(2 * math.pi / ORIENTATIONS) * strength)


def _colours(images: tf.Tensor) -> tf.Tensor:
    """Joint soft histograms of brightness, red-green and yellow-blue in the upper and lower half: norm 1."""
    red, green, blue = tf.unstack(images, axis=-1)
    bins = _soft_bins((red + green + blue) / 3, 0.0, 1.0, SHADES)
    for tint in (red - green, (red + green) / 2 - blue):
        tint_bins = _soft_bins(tint, -TINT_RANGE, TINT_RANGE, TINTS)
        joint = bins[..., :, None] * tint_bins[..., None, :]
        bins = tf.reshape(joint, [-1, *images.shape[1:3], bins.shape[-1] * TINTS])
    halves = _pool(bins, images.shape[1] // 2)
    return _square_roots(_fold(halves, halves)) / math.sqrt(2)


def _soft_bins(values: tf.Tensor, low: float, high: float, count: int) -> tf.Tensor:
    """Shares each value between the two nearest of `count` bins, whose centres go from low to high."""
    positions = (tf.clip_by_value(values, low, high) - low) * ((count - 1) / (high - low))
    return tf.nn.relu(1.0 - tf.abs(positions[..., None] - np.arange(count, dtype=np.float32)))


def _cosines(descriptor: tf.Tensor) -> tf.Tensor:
    """Random Fourier features (Rahimi & Recht 2007) of the Gaussian kernel of width 1.

    The mixtures are H D1 H D2 H D3 with random signs D (Yu et al. 2016, Orthogonal Random Features); H, the
    Hadamard matrix of SIDE * SIDE, is that of SIDE on the rows and the columns, so the graph stays small.
    """
    draws = np.random.RandomState(0)  # Its stream is the same in every version of numpy (NEP 19).
    signs = draws.choice([-1.0, 1.0], [MIXTURES, 3, SIDE, SIDE]).astype(np.float32)
    phases = draws.uniform(0.0, 2 * math.pi, [MIXTURES, SIDE * SIDE]).astype(np.float32)
    hadamard = _hadamard(SIDE).astype(np.float32)
    padded = tf.pad(descriptor, [[0, 0], [0, SIDE * SIDE - descriptor.shape[1]]])
    cosines = []
    for mixture in range(MIXTURES):
        mixed = tf.reshape(padded, [-1, SIDE, SIDE])
        for sign in signs[mixture]:
            mixed = tf.matmul(tf.matmul(hadamard, mixed * sign), hadamard)
        cosines.append(tf.cos(SIDE * tf.reshape(mixed, [-1, SIDE * SIDE]) + phases[mixture]))
    return math.sqrt(2) * tf.concat(cosines, axis=1)


def _hadamard(size: int) -> np.ndarray:
    """The orthonormal Hadamard matrix (Sylvester) of a power of two."""
    return np.eye(1) if size == 1 else np.kron(_hadamard(size // 2), [[1, 1], [1, -1]]) / math.sqrt(2)


def _pool(maps: tf.Tensor, size: int) -> tf.Tensor:
    return tf.nn.avg_pool2d(maps, size, size, "VALID")


def _fold(cells: tf.Tensor, mirrored: tf.Tensor) -> tf.Tensor:
    """The left half, averaged with the mirrored right one: half the features, and no side to overfit to."""
    return ((cells + tf.reverse(mirrored, [2])) / 2)[:, :, : cells.shape[2] // 2]


def _square_roots(cells: tf.Tensor) -> tf.Tensor:
    """Flat vectors whose inner product compares histograms well (RootSIFT, Arandjelovic & Zisserman 2012)."""
    values = tf.reshape(cells, [-1, math.prod(cells.shape[1:])])
    # The slope stays finite at 0.
    return tf.sqrt(values + 1e-6) - 1e-3
