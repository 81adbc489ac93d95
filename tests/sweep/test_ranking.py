import numpy as np
import pytest

from retrain.sweep.ranking import Judged, differs, ranked, tied, winner

RIGHT = np.ones(100, np.float32)


def judged(number: int, wrong: int, loss: float = 0.5, cost: float = 1.0) -> Judged:
    """A trial that has the first `wrong` of 100 images wrong."""
    scores = RIGHT.copy()
    scores[:wrong] = 0.0
    return Judged(number, float(scores.mean()), loss, scores, cost)


def test_the_best_is_first_and_of_equals_the_surer():
    trials = [judged(0, 20), judged(1, 10, loss=0.4), judged(2, 10, loss=0.3), judged(3, 30)]
    assert [trial.number for trial in ranked(trials, "maximize")] == [2, 1, 0, 3]
    assert [trial.number for trial in ranked(trials, "minimize")] == [3, 0, 2, 1]


def test_five_images_may_be_chance_and_six_are_not():
    # Of n images on which only the best is right, chance takes all with probability 2 / 2^n.
    ranking = ranked([judged(0, 0), judged(5, 5), judged(6, 6)], "maximize")
    assert tied(ranking) == {0, 5}


def test_what_both_get_wrong_tells_nothing():
    one, other = judged(0, 50).scores, judged(1, 50).scores
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
    assert differs(judged(0, 0).scores, judged(1, 30).scores[:90])
    assert not differs(judged(0, 10).scores, judged(1, 10).scores[:90])


@pytest.mark.parametrize(("prefer", "number"), [("best", 0), ("cheap", 2)])
def test_cheap_is_the_cheapest_within_a_standard_error(prefer, number):
    # Of images on which only one of two is right: 1 of 1 may be chance, and so may 7 of 13; not 3 of 3.
    other = judged(4, 3, cost=3).scores
    other[:7], other[7:14] = 1.0, 0.0
    trials = [judged(0, 6, cost=9), judged(1, 7, cost=5), judged(3, 9, cost=1)]
    assert winner(ranked(trials, "maximize"), prefer).number == {"best": 0, "cheap": 1}[prefer]
    trials.append(Judged(2, 0.93, 0.5, other, 2.0))
    assert winner(ranked(trials, "maximize"), prefer).number == number


def test_of_the_cheapest_the_best():
    ranking = ranked([judged(0, 0), judged(1, 1)], "maximize")
    assert winner(ranking, "cheap").number == 0
