from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from retrain.data.augmentation.augment import augment, augmented_inputs, decoded_size
from retrain.data.augmentation.draws import Draw
from retrain.data.augmentation.levels import LEVELS, NONE
from retrain.settings.augmentation import AugmentationSettings

SIZE = (12, 16)
SOME = {
    "flip_left_right": True,
    "random_resized_crop": 40.0,
    "random_crop": 10.0,
    "random_scale": 10.0,
    "rotation_range": 30.0,
    "shear_range": 10.0,
    "width_shift_range": 0.1,
    "height_shift_range": 0.1,
    "zoom_range": 0.1,
    "random_brightness": 30.0,
    "random_contrast": 30.0,
    "random_saturation": 30.0,
    "random_hue": 30.0,
    "rand_augment": 2,
    "random_erasing": 0.5,
}
EVERYTHING = replace(NONE, **SOME, rand_augment_magnitude=9.0, mixup=0.4, cutmix=1.0)
EACH = {name: replace(NONE, rand_augment_magnitude=9.0, **{name: value}) for name, value in SOME.items()}


def decoded(count: int, augmentation: AugmentationSettings, seed: int = 0) -> tf.Tensor:
    """Noise with large patches: uint8 [count, h, w, 3]."""
    coarse = np.random.default_rng(seed).integers(0, 256, (count, 5, 5, 3))
    return tf.cast(tf.round(tf.image.resize(coarse, decoded_size(SIZE, augmentation))), tf.uint8)


@pytest.mark.parametrize("name", EACH)
def test_every_strength_changes_images_and_the_same_draw_repeats_them(name):
    augmentation = EACH[name]
    of = decoded(8, augmentation)
    first, again = (augment(of, augmentation, SIZE, Draw(1, 2)).numpy() for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert first.shape == (8, *SIZE, 3)
    assert first.dtype == np.float32
    for other in (Draw(1, 3), Draw(2, 2)):
        assert not np.array_equal(first, augment(of, augmentation, SIZE, other))


@pytest.mark.parametrize("name", [*EACH, "everything"])
def test_an_image_does_not_depend_on_its_neighbours(name):
    augmentation = {**EACH, "everything": EVERYTHING}[name]
    of, others = decoded(8, augmentation), decoded(8, augmentation, seed=1)
    changed = tf.concat([of[:4], others[4:]], axis=0)
    whole, part = (augment(batch, augmentation, SIZE, Draw(1, 2)) for batch in (of, changed))
    np.testing.assert_array_equal(whole[:4], part[:4])
    np.testing.assert_allclose(augment(of[:3], augmentation, SIZE, Draw(1, 2)), whole[:3], atol=1e-6)


@pytest.mark.parametrize("level", LEVELS)
def test_a_graph_gives_the_same_images(level):
    of = decoded(6, LEVELS[level])
    compiled = tf.function(lambda step: augmented_inputs(of, LEVELS[level], SIZE, Draw(5, step)))
    for step in (0, 2**40):
        eager = augmented_inputs(of, LEVELS[level], SIZE, Draw(5, step))
        graph = compiled(tf.constant(step, tf.int64))
        assert set(eager) == set(graph)
        for name, value in eager.items():
            np.testing.assert_allclose(graph[name], value, atol=1e-5)


def test_nothing_to_do_leaves_images_as_they_are():
    of = decoded(4, NONE)
    np.testing.assert_allclose(augment(of, NONE, SIZE, Draw(0, 0)), of.numpy() / 255, atol=1e-4)


def test_decoded_images_are_larger_only_where_windows_are_cut_out():
    assert decoded_size((128, 96), LEVELS["classic"]) == (128, 96)
    assert decoded_size((128, 96), LEVELS["medium"]) == (160, 120)
    assert decoded_size((3, 5), replace(NONE, random_crop=10.0)) == (4, 7)


ALPHA = st.sampled_from([0.0, 0.01, 0.2, 1.0, 8.0])
PERCENT, SHARE = st.floats(0, 100), st.floats(0, 0.99)
ANYTHING = st.builds(
    AugmentationSettings,
    augment=st.just("none"),
    flip_left_right=st.booleans(),
    random_resized_crop=PERCENT,
    random_crop=st.floats(0, 200),
    random_scale=st.floats(0, 200),
    rotation_range=st.floats(0, 180),
    shear_range=st.floats(0, 60),
    width_shift_range=SHARE,
    height_shift_range=SHARE,
    zoom_range=SHARE,
    random_brightness=PERCENT,
    random_contrast=PERCENT,
    random_saturation=PERCENT,
    random_hue=st.floats(0, 180),
    rand_augment=st.integers(0, 3),
    rand_augment_magnitude=st.floats(0, 10),
    random_erasing=st.floats(0, 1),
    mixup=ALPHA,
    cutmix=ALPHA,
)


@settings(max_examples=40, deadline=None)
@given(ANYTHING, st.integers(0, 2**31 - 1), st.integers(0, 2**40))
def test_images_stay_within_zero_and_one(augmentation, seed, step):
    inputs = augmented_inputs(decoded(3, augmentation), augmentation, SIZE, Draw(seed, step))
    images = inputs["images"].numpy()
    assert images.shape == (3, *SIZE, 3)
    assert np.isfinite(images).all()
    assert images.min() >= 0
    assert images.max() <= 1
    assert set(inputs) == {"images", *(("partner", "share") if augmentation.mixes else ())}
