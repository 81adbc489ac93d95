import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrain.report.axis import Axis, number_axis


def test_numbers_lie_between_the_ends():
    axis = Axis(100, 200, 0.0, 10.0)
    assert [axis.at(value) for value in (0, 5, 10)] == [104.0, 150.0, 196.0]
    assert axis.ticks() == [
        (104.0, 0.0),
        (122.4, 2.0),
        (140.8, 4.0),
        (159.2, 6.0),
        (177.6, 8.0),
        (196.0, 10.0),
    ]


def test_a_log_scale_is_labelled_at_powers_of_ten():
    axis = Axis(0, 100, 1e-4, 1e-2, log=True)
    assert [value for _, value in axis.ticks()] == pytest.approx([1e-4, 1e-3, 1e-2])
    assert axis.at(1e-3) == 50.0
    assert [value for _, value in Axis(0, 100, 2.0, 9.0, log=True).ticks()] == [2.0, 4.0, 6.0, 8.0]


def test_names_are_evenly_spaced_and_keep_their_order():
    axis = Axis(0, 90, names=("b", "a", 0.5))
    assert axis.ticks() == [(15.0, "b"), (45.0, "a"), (75.0, 0.5)]


def test_upwards_is_from_a_larger_to_a_smaller_pixel():
    assert Axis(high=2.0).between(100, 0).at(2.0) == 4.0


def test_a_single_value_lies_in_the_middle():
    axis = number_axis([0.5, 0.5]).between(0, 10)
    assert axis.ticks() == [(5.0, 0.5)]


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_labels_are_few_and_within(low, width):
    axis = Axis(0, 100, low, low + width)
    places = [place for place, _ in axis.ticks()]
    assert 1 <= len(places) <= 8
    assert places == sorted(places)
    assert all(0 <= place <= 100 for place in places)
