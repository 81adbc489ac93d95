import pandas as pd
import pytest

from retrain.data.table_lists import check_no_vectors, with_lists_joined
from retrain.errors import InputError


def cells(*texts: str | None) -> pd.Series:
    return pd.Series(texts, name="tags", dtype=object)


def test_lists_that_are_written_as_text_are_several_labels(told):
    joined = with_lists_joined("t.csv", cells("['a', 'b']", None, "[]", '["c"]', "[1]"), ";")
    assert joined.tolist() == ["a;b", None, "", "c", "1"]
    assert told == [
        "--labels_file='t.csv' has lists in column 'tags', such as ['a', 'b']: they are read as several "
        "labels of an image."
    ]


@pytest.mark.parametrize(
    "texts",
    [("(1, 2)", "(3, 4)"), ("['\\x']", "['a']b"), ("[]", "a"), ("[a b]", "[c]"), ("[a", "b]"), (None, None)],
)
def test_what_is_no_list_stays(told, texts):
    assert with_lists_joined("t.csv", cells(*texts), "|").tolist() == list(texts)
    assert told == []


@pytest.mark.parametrize(
    ("texts", "labels"),
    [
        (("['a' 'b c']", "['a']", "['a'\n 'd']"), ["a|b c", "a", "a|d"]),
        (("('a', 'b')", "('a',)"), ["a|b", "a"]),
        (("{'b', 'a'}", "{'a'}"), ["a|b", "a"]),
        (('["a", null]', "[null]"), ["a", ""]),
        (("[a, b]", "[c]", "[]"), ["a|b", "c", ""]),
        (("a", "['b', 'c']", None, "c"), ["a", "b|c", None, "c"]),
        (("a", "['b']", "[]"), ["a", "b", ""]),
        (("[1 0]", "[0. 1.]"), ["1|0", "0|1"]),
    ],
)
def test_as_other_programs_write_them(told, texts, labels):
    assert with_lists_joined("t.csv", cells(*texts), "|").tolist() == labels
    assert len(told) == 1


def test_vectors_are_no_labels():
    for texts in (("1|0", "0|1"), ("1;0;0", "0;1;0", None), ("1.0|0.0", "1.0|1.0")):
        with pytest.raises(InputError) as raised:
            check_no_vectors("t.csv", cells(*texts), "|" if "|" in texts[0] else ";")
        first = ", ".join(texts[0].replace("|", ";").split(";"))
        assert str(raised.value) == (
            f"--labels_file='t.csv' has vectors of 0 and 1 in column 'tags', such as [{first}], but names of "
            "labels were expected: write these, or a column of 0 and 1 for each label, with its name above."
        )


@pytest.mark.parametrize("texts", [("0", "1"), ("0|1", "1"), ("0|2", "1|0"), ("a|b",), (None,)])
def test_labels_are_no_vectors(texts):
    check_no_vectors("t.csv", cells(*texts), "|")
