import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from retrain.data.augmentation.augment import augment, augmented_inputs, picture_size
from retrain.data.augmentation.levels import LEVELS, NONE, Augmentation

SIZE = (12, 16)
EVERYTHING = Augmentation(
    *(True, 0.4, 0.1, 0.1, 30.0, 10.0, 0.1, 0.1, 0.1),
    *(0.3, 0.3, 0.3, 30.0, (2, 9.0), 0.5, 0.4, 1.0),
)
EACH = {
    name: NONE._replace(**{name: value})
    for name, value in EVERYTHING._asdict().items()
    if name not in ("mixup", "cutmix")
}


def pictures(count: int, augmentation: Augmentation, seed: int = 0) -> tf.Tensor:
    """Noise with large patches: uint8 [count, h, w, 3]."""
    height, width = picture_size(SIZE, augmentation)
    coarse = np.random.default_rng(seed).integers(0, 256, (count, 5, 5, 3))
    return tf.cast(tf.round(tf.image.resize(coarse, (height, width))), tf.uint8)


@pytest.mark.parametrize("name", EACH)
def test_every_strength_changes_images_and_the_same_draw_repeats_them(name):
    augmentation = EACH[name]
    of = pictures(8, augmentation)
    first, again = (augment(of, augmentation, SIZE, (1, 2)).numpy() for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert first.shape == (8, *SIZE, 3)
    assert first.dtype == np.float32
    for other in ((1, 3), (2, 2)):
        assert not np.array_equal(first, augment(of, augmentation, SIZE, other))


@pytest.mark.parametrize("name", [*EACH, "everything"])
def test_an_image_does_not_depend_on_its_neighbours(name):
    augmentation = {**EACH, "everything": EVERYTHING}[name]
    of, others = pictures(8, augmentation), pictures(8, augmentation, seed=1)
    changed = tf.concat([of[:4], others[4:]], axis=0)
    whole, part = (augment(batch, augmentation, SIZE, (1, 2)) for batch in (of, changed))
    np.testing.assert_array_equal(whole[:4], part[:4])
    np.testing.assert_allclose(augment(of[:3], augmentation, SIZE, (1, 2)), whole[:3], atol=1e-6)


@pytest.mark.parametrize("level", LEVELS)
def test_a_graph_gives_the_same_images(level):
    of = pictures(6, LEVELS[level])
    compiled = tf.function(lambda step: augmented_inputs(of, LEVELS[level], SIZE, (5, step)))
    for step in (0, 2**40):
        eager = augmented_inputs(of, LEVELS[level], SIZE, (5, step))
        graph = compiled(tf.constant(step, tf.int64))
        assert set(eager) == set(graph)
        for name, value in eager.items():
            np.testing.assert_allclose(graph[name], value, atol=1e-5)


def test_nothing_to_do_leaves_images_as_they_are():
    of = pictures(4, NONE)
    np.testing.assert_allclose(augment(of, NONE, SIZE, (0, 0)), of.numpy() / 255, atol=1e-4)


def test_pictures_are_larger_only_where_windows_are_cut_out():
    assert picture_size((128, 96), LEVELS["classic"]) == (128, 96)
    assert picture_size((128, 96), LEVELS["medium"]) == (160, 120)
    assert picture_size((3, 5), Augmentation(crop=0.1)) == (4, 7)


strengths = st.builds(
    Augmentation,
    st.booleans(),
    st.floats(0, 1),
    st.floats(0, 2),
    st.floats(0, 2),
    st.floats(0, 180),
    st.floats(0, 60),
    *[st.floats(0, 0.99)] * 3,
    *[st.floats(0, 1)] * 3,
    st.floats(0, 180),
    st.tuples(st.integers(0, 3), st.floats(0, 10)),
    st.floats(0, 1),
    *[st.sampled_from([0.0, 0.01, 0.2, 1.0, 8.0])] * 2,
)


@settings(max_examples=40, deadline=None)
@given(strengths, st.integers(0, 2**31 - 1), st.integers(0, 2**40))
def test_images_stay_within_zero_and_one(augmentation, seed, step):
    inputs = augmented_inputs(pictures(3, augmentation), augmentation, SIZE, (seed, step))
    images = inputs["images"].numpy()
    assert images.shape == (3, *SIZE, 3)
    assert np.isfinite(images).all()
    assert images.min() >= 0
    assert images.max() <= 1
    assert set(inputs) == {"images", *(("partner", "share") if augmentation.mixes else ())}
