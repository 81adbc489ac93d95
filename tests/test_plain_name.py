import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrain.plain_name import plain_name

# What TensorFlow takes for the scope of a variable, and every file system for a part of a file's name.
ANYWHERE = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.-]{,72}")


@pytest.mark.parametrize("name", ["kind", "Kind_2", "2024", "hair-colour", "v1.0", "k" * 64])
def test_a_plain_name_stays(name):
    assert plain_name(name) == name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("hair colour", "hair_colour.74cefde8"),
        ("hair_colour?", "hair_colour.d99a8af1"),
        ("_kind", "kind.246f2049"),
        ("类别", "task.0d12cbd6"),
        ("a/b", "a_b.c14cddc0"),
        ("k" * 65, "k" * 40 + ".f39cdc25"),
    ],
)
def test_of_another_the_rest_and_a_hash(name, expected):
    assert plain_name(name) == expected


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=2, unique=True))
def test_no_two_are_alike_and_all_are_taken_anywhere(names):
    plain = [plain_name(name) for name in names]
    assert all(map(ANYWHERE.fullmatch, plain))
    assert len(set(plain)) == len(names)
