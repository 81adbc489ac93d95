import pandas as pd
import pytest

from retrain.data.table_hints import hint_at_nothing, hint_at_numbers, hint_at_separator, with_one_task


def columns(**cells: list[str | None]) -> pd.DataFrame:
    return pd.DataFrame(cells, dtype=object)


def cells(*texts: str | None) -> pd.Series:
    return pd.Series(texts, name="tags", dtype=object)


def test_columns_with_one_1_in_each_row_are_the_classes_of_one_task(told):
    table = columns(path=["a", "b", "c"], split=["train"] * 3, ok=["1", "0", "0"], rust=["0", "1.0", "1"])
    assert with_one_task("t.csv", table, "path").to_dict("list") == {
        "path": ["a", "b", "c"],
        "split": ["train"] * 3,
        "label": ["ok", "rust", "rust"],
    }
    assert told == [
        "--labels_file='t.csv' has columns of 0 and 1 with one 1 in each row ('ok', 'rust'): they are read "
        "as the 2 classes of one task, 'label'."
    ]


def test_as_pandas_writes_its_dummies(told):
    table = columns(path=["a", "b"], ok=["True", "False"], rust=["FALSE", " true"])
    assert with_one_task("t.csv", table, "path")["label"].tolist() == ["ok", "rust"]
    assert len(told) == 1


def test_a_class_of_which_there_is_no_image_is_none(told):
    table = columns(path=["a", "b"], ok=["1", "0"], rust=["0", "1"], dent=["0", "0"])
    assert with_one_task("t.csv", table, "path")["label"].tolist() == ["ok", "rust"]
    assert told[0].endswith("('ok', 'rust', 'dent'): they are read as the 2 classes of one task, 'label'.")


@pytest.mark.parametrize(
    "more",
    [
        {"ok": ["1", "0"]},
        {"ok": ["1", "0"], "rust": ["0", "2"]},
        {"tags:ok": ["1", "0"], "tags:rust": ["0", "1"]},
        {"ok": ["1", "0"], "rust": ["-1", "0"]},
    ],
)
def test_other_columns_stay(told, more):
    table = columns(path=["a", "b"], **more)
    assert with_one_task("t.csv", table, "path") is table
    assert told == []


def test_other_words_for_0_and_1(told):
    for words in (["yes", "No"], ["1", "-1"]):
        table = columns(path=["a", "b"], ok=words, rust=words[::-1])
        assert with_one_task("t.csv", table, "path")["label"].tolist() == ["ok", "rust"]
    assert told[1] == (
        "--labels_file='t.csv' has columns of -1 and 1 with one 1 in each row ('ok', 'rust'): they are read "
        "as the 2 classes of one task, 'label'."
    )


def test_columns_of_minus_1_and_1_are_told(told):
    table = columns(path=["a", "b"], smiling=["1", "-1"], young=["1", "1"])
    assert with_one_task("t.csv", table, "path") is table
    assert told == [
        "--labels_file='t.csv' has columns of -1 and 1 ('smiling', 'young'), each a task of its own: if they "
        "are labels of one task, of which an image may have several, call them TASK:LABEL, as in "
        "'label:smiling', with 0 for -1."
    ]


def test_columns_of_0_and_1_beside_others_are_told(told):
    table = columns(path=["a", "b"], kind=["x", "y"], ok=["1", "0"], rust=["0", "1"])
    assert with_one_task("t.csv", table, "path") is table
    assert told == [
        "--labels_file='t.csv' has columns of 0 and 1 ('ok', 'rust'), each a task of its own: if they are "
        "labels of one task, of which an image may have several, call them TASK:LABEL, as in 'label:ok'."
    ]


@pytest.mark.parametrize("rust", [["1", "1"], ["0", "0"], [None, "1"]])
def test_columns_of_0_and_1_that_exclude_no_others_are_told(told, rust):
    table = columns(path=["a", "b"], ok=["1", "0"], rust=rust)
    assert with_one_task("t.csv", table, "path") is table
    assert told == [
        "--labels_file='t.csv' has columns of 0 and 1 ('ok', 'rust'), each a task of its own: if they are "
        "labels of one task, of which an image may have several, call them TASK:LABEL, as in 'label:ok'."
    ]


@pytest.mark.parametrize(
    ("texts", "separator", "such"),
    [
        (("scab", "rust", "scab rust", "healthy", None), "space", "scab rust"),
        (("red, small", "red", "small", "big,red", "big"), ",", "red, small"),
        (("a;b", "b;c", "c;a"), "';'", "a;b"),
        (("a/b", "a", "b"), "/", "a/b"),
        (("a & b", "b & c", "c & a"), "'&'", "a & b"),
    ],
)
def test_what_may_be_several_labels_is_hinted_at(told, texts, separator, such):
    hint_at_separator("t.csv", cells(*texts))
    assert told == [
        f"--labels_file='t.csv' has {len({*texts} - {None})} classes in column 'tags', such as {such!r}: "
        f"--label_separator={separator} reads such cells as several labels of an image."
    ]


@pytest.mark.parametrize(
    "texts",
    [
        ("cat", "dog"),
        ("golden retriever", "labrador", "golden eagle"),
        ("Washington, DC", "Austin, TX", "Houston, TX"),
    ],
)
def test_names_of_several_words_are_no_hint(told, texts):
    hint_at_separator("t.csv", cells(*texts))
    assert told == []


def test_vectors_are_hinted_at(told):
    hint_at_separator("t.csv", cells("1 0 0", "0 1 0", None, "0 0 1"))
    assert told == [
        "--labels_file='t.csv' has vectors of 0 and 1 in column 'tags', such as '1 0 0', each taken for the "
        "name of a class: write names of labels, or a column of 0 and 1 for each, with its name above."
    ]


def test_what_other_programs_write_for_nothing_is_hinted_at(told):
    hint_at_nothing("t.csv", cells("cat", "nan", None, " N/A", "nancy"))
    assert told == [
        "--labels_file='t.csv' has the label 'nan' in column 'tags' (2 such cells): empty them if nothing is "
        "known."
    ]


def test_measures_are_hinted_at(told):
    hint_at_numbers("t.csv", cells("20", "20.5", None, "-1e-3"))
    assert told == [
        "--labels_file='t.csv' has numbers in column 'tags', such as '20.5', each taken for the name of a "
        "class: if they are measures, write ranges for them."
    ]


@pytest.mark.parametrize(
    "texts", [("0", "1", "2"), ("0.0", "1.0", "2.0"), ("0.5", "1.5"), ("0.5", "1", "x"), (None,)]
)
def test_numbers_of_classes_are_no_measures(told, texts):
    hint_at_numbers("t.csv", cells(*texts))
    assert told == []
