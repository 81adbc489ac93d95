import numpy as np
import pytest

from retrain.heads.paired_difference import paired_difference


def of_counts(both: int, only_second: int, only_first: int, neither: int):
    first = np.repeat([True, False, True, False], [both, only_second, only_first, neither])
    second = np.repeat([True, True, False, False], [both, only_second, only_first, neither])
    return paired_difference(first, second)


@pytest.mark.parametrize(
    ("counts", "difference", "interval", "p"),
    [
        # Altman, Machin, Bryant and Gardner, Statistics with Confidence (2000), chapter 6.
        ((14, 5, 0, 22), 0.122, (0.011, 0.226), 2 * 0.5**5),
        # Newcombe (1998), table of methods for paired differences, method 10.
        ((36, 12, 2, 0), 0.2, (0.057, 0.340), 2 * (1 + 14 + 91) * 0.5**14),
    ],
)
def test_examples_of_the_literature(counts, difference, interval, p):
    found = of_counts(*counts)
    assert found.difference == pytest.approx(difference, abs=5e-4)
    assert found.interval == pytest.approx(interval, abs=5e-4)
    assert found.p == pytest.approx(p)


def test_the_other_way_round_it_is_the_same_with_its_sign_turned():
    one, other = of_counts(20, 12, 2, 16), of_counts(20, 2, 12, 16)
    assert other.difference == pytest.approx(-one.difference)
    assert other.interval == pytest.approx((-one.interval[1], -one.interval[0]))
    assert other.p == one.p


@pytest.mark.parametrize("right", [True, False])
def test_where_all_agree_few_images_still_say_little(right):
    found = paired_difference(np.full(5, right), np.full(5, right))
    assert (found.difference, found.p) == (0.0, 1.0)
    assert found.interval[0] < -0.3
    assert found.interval[1] > 0.3


def test_the_interval_holds_the_truth_as_often_as_it_says():
    random, held, draws = np.random.default_rng(0), 0, 1000
    for _ in range(draws):
        easy = random.random(40) < 0.5
        first, second = (random.random(40) < np.where(easy, 0.95, hard) for hard in (0.4, 0.5))
        low, high = paired_difference(first, second).interval
        held += low <= 0.05 <= high
    assert 0.93 <= held / draws <= 0.98
