import re

import pytest

from retrain.settings.values import OfTask
from retrain.studies.ranges import Choices, Range


def test_a_number_drawn_from_a_range_has_few_digits_and_lies_within():
    assert Range(1e-4, 1e-1, log=True).at(0.5) == 0.003162
    assert Range(0.0, 0.30004, log=False).at(1.0) == 0.3
    assert Range(0.30004, 1.0, log=False).at(0.0) == 0.30004
    assert Range(1, 5, log=False).at(0.3) == 2


def test_what_can_be_counted():
    assert Range(0.0, 1.0, log=False).counted is None
    assert list(Range(8, 10, log=False).counted) == [8, 9, 10]
    assert Choices((0.0, 0.5)).counted == (0.0, 0.5)


def test_a_check_tries_the_ends_of_a_range_and_all_values_of_a_list():
    assert Range(8, 10, log=False).samples == (8, 10)
    assert Choices(("none", "balanced")).samples == ("none", "balanced")


def test_every_value_of_a_list_has_its_share():
    varied = Choices(("a", "b", "c"))
    assert [varied.at(share) for share in (0.0, 0.33, 0.34, 0.99, 1.0)] == ["a", "a", "b", "c", "c"]


def test_they_are_told_apart_by_their_text():
    assert str(Range(1e-4, 0.1, log=True)) == "log:0.0001..0.1"
    assert str(Range(8, 16, log=False)) == "lin:8..16"
    assert str(Choices((0.0, 0.5))) == "0.0;0.5"
    assert str(Choices((True, re.compile("a,b")))) == "true;a,b"


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (None, None),
        (True, True),
        (3, 3),
        (0.5, 0.5),
        ("none", "none"),
        (re.compile("Conv|Dense"), "Conv|Dense"),
        ((OfTask("kind", "softmax"), OfTask("tags", "sigmoid")), "kind:softmax,tags:sigmoid"),
    ],
)
def test_a_study_keeps_what_json_has_no_type_for_as_text(value, stored):
    varied = Choices(("other", value))
    assert varied.stored(value) == stored
    restored = varied.restored(stored)
    assert (restored, type(restored)) == (value, type(value))


def test_a_number_comes_back_as_it_is_trained_with():
    assert Range(1e-4, 1e-1, log=True).restored(0.00123456789) == 0.001235
