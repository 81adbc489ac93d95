"""The embedded module: known answers on drawn images, and the promises that any image module makes."""

import numpy as np
import pytest
import tensorflow as tf

from retrain.modules.sources import gradients
from retrain.modules.sources.gradients import (
    COLOUR_FEATURES,
    COLOUR_WEIGHT,
    GRID,
    IMAGE_SIZE,
    NUM_FEATURES,
    ORIENTATIONS,
    SCALE_FEATURES,
    SHADES,
    SHAPE_FEATURES,
    SHRINKS,
    TINTS,
    gradient_features,
)
from retrain.settings.module import ModuleSettings

HEIGHT, WIDTH = IMAGE_SIZE


def plain(red, green, blue):
    return np.broadcast_to(np.float32([red, green, blue]), [HEIGHT, WIDTH, 3])


def step(along):
    """Black, then white: from left to right (along=1) or from top to bottom (along=0)."""
    image = np.zeros([HEIGHT, WIDTH, 3], np.float32)
    image[(slice(None),) * along + (slice(40, None),)] = 1.0
    return image


def noise(count, seed=0):
    return np.random.default_rng(seed).random([count, HEIGHT, WIDTH, 3], np.float32)


def features(*images):
    return gradient_features(tf.constant(np.stack(images))).numpy()


def shape_part(image):
    """[scale, row, column of the folded half, orientation]"""
    return features(image)[0, :SHAPE_FEATURES].reshape(len(SHRINKS), GRID, GRID // 2, ORIENTATIONS)


def colour_part(image):
    """The histograms themselves: [half, shade, red-green, yellow-blue]"""
    values = features(image)[0, SHAPE_FEATURES : SHAPE_FEATURES + COLOUR_FEATURES]
    roots = values * np.sqrt(2) / (COLOUR_WEIGHT * np.sqrt(SCALE_FEATURES)) + 1e-3
    return roots.reshape(2, SHADES, TINTS, TINTS) ** 2


@pytest.mark.parametrize("colour", [(0, 0, 0), (1, 1, 1), (0.2, 0.9, 0.4)])
def test_a_plain_image_has_no_gradients_and_is_finite(colour):
    assert np.isfinite(features(plain(*colour))).all()
    np.testing.assert_allclose(shape_part(plain(*colour)), 0, atol=1e-5)


@pytest.mark.parametrize(("along", "orientation"), [(1, 0), (0, ORIENTATIONS // 2)])
def test_an_edge_falls_in_the_bin_of_its_orientation(along, orientation):
    totals = shape_part(step(along)).sum(axis=(1, 2))
    assert (totals[:, orientation] > 0.5).all()
    np.testing.assert_allclose(np.delete(totals, orientation, axis=1), 0, atol=1e-4)


def test_an_edge_falls_in_the_row_where_it_is():
    rows = shape_part(step(along=0))[0].sum(axis=(1, 2))
    # Pixels 39 and 40 are in the third row of cells, 32 to 47.
    np.testing.assert_array_equal(np.flatnonzero(rows > 1e-3), [2])


def test_opposite_contrast_is_the_same_edge():
    np.testing.assert_allclose(shape_part(step(along=1)), shape_part(1 - step(along=1)), atol=1e-4)


@pytest.mark.parametrize(
    ("colour", "where"),
    [
        ((0, 0, 0), (0, 1, 1)),
        ((1, 1, 1), (4, 1, 1)),
        ((0.5, 0.5, 0.5), (2, 1, 1)),
        ((0, 0, 0.75), (1, 1, 0)),
        ((0, 0.75, 0), (1, 0, 2)),
    ],
)
def test_a_plain_image_falls_in_the_bin_of_its_colour(colour, where):
    expected = np.zeros([2, SHADES, TINTS, TINTS])
    expected[:, *where] = 1.0
    np.testing.assert_allclose(colour_part(plain(*colour)), expected, atol=1e-4)


def test_a_colour_between_bins_is_shared_by_both():
    histogram = colour_part(plain(0.375, 0.375, 0.375))
    np.testing.assert_allclose(histogram[:, [1, 2], 1, 1], 0.5, atol=1e-4)


def test_colours_are_told_apart_by_half():
    upper, lower = colour_part(np.concatenate([plain(0, 0, 0)[:64], plain(1, 1, 1)[64:]]))
    assert upper[0, 1, 1] == pytest.approx(1, abs=1e-4)
    assert lower[4, 1, 1] == pytest.approx(1, abs=1e-4)


def test_the_mixtures_compare_images_by_the_gaussian_kernel():
    images = [*noise(2), step(along=1), plain(0.2, 0.9, 0.4)]
    values = features(*images).astype(np.float64)
    linear = SHAPE_FEATURES + COLOUR_FEATURES
    descriptors, cosines = values[:, :linear] / np.sqrt(SCALE_FEATURES), values[:, linear:]
    distances = ((descriptors[:, None] - descriptors) ** 2).sum(-1)
    estimate = cosines @ cosines.T / cosines.shape[1]
    np.testing.assert_allclose(estimate, np.exp(-distances / 2), atol=0.08)


def test_a_row_depends_on_its_own_image_only():
    images = noise(5)
    together = features(*images)
    assert together.shape == (5, NUM_FEATURES)
    assert together.dtype == np.float32
    np.testing.assert_allclose(together, np.concatenate([features(image) for image in images]), atol=2e-3)


def test_an_image_and_its_mirror_image_are_the_same():
    (image,) = noise(1)
    np.testing.assert_allclose(features(image), features(image[:, ::-1]), atol=2e-3)


def test_features_are_about_one_in_size():
    values = features(*noise(3), step(along=0), step(along=1))
    assert np.abs(values).max() < 17
    assert np.sqrt((values**2).mean()) == pytest.approx(1, abs=0.2)


def test_gradients_are_finite():
    images = tf.constant(np.stack([plain(0, 0, 0), plain(1, 1, 1), step(along=1)]))
    with tf.GradientTape() as tape:
        tape.watch(images)
        total = tf.reduce_sum(gradient_features(images))
    assert np.isfinite(tape.gradient(total, images).numpy()).all()


def test_the_graph_is_small_and_takes_any_batch():
    function = tf.function(
        gradient_features, input_signature=[tf.TensorSpec([None, *IMAGE_SIZE, 3], tf.float32)]
    )
    concrete = function.get_concrete_function()
    assert concrete.output_shapes.as_list() == [None, NUM_FEATURES]
    assert concrete.graph.as_graph_def().ByteSize() < 200_000
    for count in (0, 1, 3):
        assert function(tf.zeros([count, *IMAGE_SIZE, 3])).shape == (count, NUM_FEATURES)


def test_the_module_offers_the_features():
    module = gradients.load("builtin:gradients", "builtin:gradients", ModuleSettings())
    (image,) = noise(1)
    assert (module.image_size, module.num_features, module.variables) == (IMAGE_SIZE, NUM_FEATURES, ())
    np.testing.assert_allclose(module(tf.constant(image[None])), features(image), atol=1e-5)
