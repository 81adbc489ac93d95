import numpy as np
import pytest
import tensorflow as tf

from retrain.familiarity import MOST_BYTES, MOST_KNOTS, Familiarity, Ranks, calibrated, nearness, sketch_of


def shares(ranks: Ranks, scores) -> np.ndarray:
    return np.exp(ranks.log_share(tf.constant(scores, tf.float32)).numpy())


def test_the_share_of_known_images_that_have_no_more():
    ranks = Ranks.of(np.arange(1.0, 20.0)[::-1])
    np.testing.assert_allclose(
        shares(ranks, [1, 2, 2.5, 10, 19, 1000]), [0.05, 0.1, 0.125, 0.5, 0.95, 0.95], 1e-4
    )


def test_below_the_least_it_falls_as_in_the_lowest_fifth():
    ranks = Ranks.of(np.arange(0.0, 20.0))  # the lowest four: 0, 1, 2, 3, which is 2 above the mean of others
    np.testing.assert_allclose(shares(ranks, [-2, -4]), np.exp([-1, -2]) / 21, rtol=1e-4)


@pytest.mark.parametrize("count", [20, 100, 3000])
def test_of_known_images_5_percent_are_below_the_threshold(count):
    scores = np.random.default_rng(0).normal(size=count)
    ranks = Ranks.of(scores)
    assert len(ranks.knots) == min(count, MOST_KNOTS)
    assert np.mean(shares(ranks, scores) < 0.05) == pytest.approx(0.05, abs=0.001)


def test_scores_that_are_all_the_same_are_as_good_as_each_other():
    ranks = Ranks.of(np.full(30, 0.7))
    np.testing.assert_allclose(shares(ranks, [0.7, 0.7 - 1e-6, 0.7 + 1e-6]), 30 / 31, rtol=1e-5)
    assert shares(ranks, [0.6]) < 1e-9


def test_nearness_is_the_cosine_to_the_nearest_row():
    sketch = sketch_of(np.array([[3.0, 0.0], [0.0, 0.5]], np.float32), seed=0)
    near = nearness(tf.constant([[2.0, 0.0], [1.0, 1.0], [-1.0, -1.0], [0.0, 0.0]]), sketch)
    np.testing.assert_allclose(near, [1, np.sqrt(0.5), -np.sqrt(0.5), 0], atol=1e-6)


def test_a_sketch_of_few_rows_is_these_and_of_many_their_centres():
    random = np.random.default_rng(0)
    few = random.normal(size=[50, 64]).astype(np.float32)
    np.testing.assert_allclose(
        sketch_of(few, seed=0), few / np.linalg.norm(few, axis=1, keepdims=True), atol=1e-3
    )
    wide = MOST_BYTES // (2 * 4)  # of which a sketch holds four
    directions = np.eye(4, wide, dtype=np.float32)
    many = np.repeat(directions, 8, axis=0) * random.uniform(1, 5, size=[32, 1]).astype(np.float32)
    sketch = sketch_of(many, seed=0)
    assert (sketch.dtype, sketch.nbytes) == (np.float16, MOST_BYTES)
    np.testing.assert_allclose(np.linalg.norm(sketch.astype(np.float32), axis=1), 1.0, atol=1e-3)
    assert {int(row.argmax()) for row in sketch} <= {0, 1, 2, 3}
    np.testing.assert_array_equal(sketch_of(many, seed=0), sketch)


def known(count: int = 200) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    random = np.random.default_rng(1)
    return random.uniform(0.6, 0.9, count), {"kind": random.normal(5.0, 1.0, count)}


def test_each_of_the_two_scores_tells_strangers_of_its_kind():
    found = calibrated(np.eye(2, dtype=np.float16), *known())
    features = tf.constant([[0.75, 0.66], [-1.0, 0.1], [0.75, 0.66], [-1.0, 0.1]])
    told = found(features, {"kind": tf.constant([5.0, 5.0, 0.5, 0.5])}).numpy()
    assert told[0] > 0.3
    assert (told[1:] < 0.05).all()
    assert told[3] < told[1:3].min()
    assert ((told >= 0) & (told <= 1)).all()


def test_of_the_two_together_5_percent_of_known_images_are_below_the_threshold():
    near, evidence = known()
    found = calibrated(np.array([[1.0, 0.0]], np.float16), near, evidence)
    features = np.stack([near, np.sqrt(1 - near**2)], axis=1).astype(np.float32)
    told = found(tf.constant(features), {"kind": tf.constant(evidence["kind"], tf.float32)}).numpy()
    assert np.mean(told < 0.05) == pytest.approx(0.05, abs=0.005)
    np.testing.assert_allclose(np.sort(told), np.arange(1, 201) / 201, atol=0.01)


def test_several_tasks_weigh_as_much_as_one():
    near, evidence = known()
    one = calibrated(np.eye(2, dtype=np.float16), near, evidence)
    twice = calibrated(np.eye(2, dtype=np.float16), near, {**evidence, "again": evidence["kind"]})
    features, logits = tf.constant([[0.75, 0.66], [1.0, 0.2]]), tf.constant([4.0, 2.5])
    np.testing.assert_allclose(
        one(features, {"kind": logits}), twice(features, {"kind": logits, "again": logits}), rtol=1e-4
    )


def test_without_evidence_it_goes_by_nearness():
    near, _ = known()
    found = calibrated(np.array([[1.0, 0.0]], np.float16), near, {})
    assert isinstance(found, Familiarity)
    told = found(tf.constant([[np.sort(near)[100], 0.0], [-1.0, 0.0]], tf.float32), {}).numpy()
    assert told[0] == pytest.approx(200 / 201, abs=0.01)  # its direction is that of the sketch
    assert told[1] < 0.001
