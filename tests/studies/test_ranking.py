import numpy as np
import pytest

from retrain.studies.ranking import differs, ranked, tied, winner
from retrain.studies.record import Record

RIGHT = np.ones(100, np.float32)


def wrong(count: int, loss: float = 0.5, cost: float = 1.0) -> Record:
    """A trial that has the first `count` of 100 images wrong."""
    scores = RIGHT.copy()
    scores[:count] = 0.0
    return Record(float(scores.mean()), {"loss": loss}, scores, cost=cost)


def test_the_best_is_first_and_of_equals_the_surer_and_of_equals_still_the_earlier():
    trials = {4: wrong(10, 0.3), 0: wrong(20), 1: wrong(10, 0.4), 2: wrong(10, 0.3), 3: wrong(30)}
    assert list(ranked(trials, higher_is_better=True)) == [2, 4, 1, 0, 3]
    assert list(ranked(trials, higher_is_better=False)) == [3, 0, 2, 4, 1]
    assert ranked(trials, higher_is_better=True)[3] is trials[3]


def test_five_images_may_be_chance_and_six_are_not():
    # Of n images on which only the best is right, chance takes all with probability 2 / 2^n.
    ranking = ranked({0: wrong(0), 5: wrong(5), 6: wrong(6)}, higher_is_better=True)
    assert tied(ranking) == {0, 5}
    assert tied({}) == set()


def test_what_both_get_wrong_tells_nothing():
    one, other = wrong(50).scores, wrong(50).scores
    other[50:56], other[:3] = 0.0, 1.0
    assert not differs(one, other)  # 6 against 3
    other[:3] = 0.0
    assert differs(one, other)  # 6 against none


def test_losses_are_compared_image_by_image():
    losses = -np.random.default_rng(0).exponential(size=200).astype(np.float32)
    little = losses - 0.01 * np.random.default_rng(1).random(200).astype(np.float32)
    assert differs(losses, little)  # always a little worse
    assert not differs(losses, np.random.default_rng(2).permutation(losses))
    assert not differs(losses, losses)


def test_other_images_are_compared_as_a_whole():
    assert differs(wrong(0).scores, wrong(30).scores[:90])
    assert not differs(wrong(10).scores, wrong(10).scores[:90])


@pytest.mark.parametrize(("prefer", "number"), [("best", 0), ("cheap", 2)])
def test_cheap_is_the_cheapest_within_a_standard_error(prefer, number):
    # Of images on which only one of two is right: 1 of 1 may be chance, and so may 7 of 13; not 3 of 3.
    other = wrong(3).scores
    other[:7], other[7:14] = 1.0, 0.0
    trials = {0: wrong(6, cost=9), 1: wrong(7, cost=5), 3: wrong(9, cost=1)}
    assert winner(ranked(trials, higher_is_better=True), prefer) == {"best": 0, "cheap": 1}[prefer]
    trials[2] = Record(0.93, {"loss": 0.5}, other, cost=2.0)
    assert winner(ranked(trials, higher_is_better=True), prefer) == number


def test_of_the_cheapest_the_best():
    assert winner(ranked({0: wrong(0), 1: wrong(1)}, higher_is_better=True), "cheap") == 0


def test_other_images_tell_nothing_of_what_is_near():
    fewer = wrong(0, cost=0.5)._replace(scores=RIGHT[:90])
    assert winner({0: wrong(0), 1: fewer}, "cheap") == 0
