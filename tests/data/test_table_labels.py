import pandas as pd
import pytest
from absl import logging

from retrain.data.listing import Column
from retrain.data.table_labels import check_column, label_columns, read_column
from retrain.errors import InputError

TABLE = "labels.csv"


def columns(names: str, **tasks: bool) -> dict[str, list[str]]:
    return label_columns(TABLE, pd.DataFrame(columns=names.split()), "path", tasks)


def read(several: bool = True, separator: str = "|", **cells: list[str | None]) -> Column:
    table = pd.DataFrame({name.replace("__", ":"): of for name, of in cells.items()}, dtype=object)
    return read_column(TABLE, table, next(iter(cells)).partition("__")[0], several, separator)


def sentence(function, *arguments, **values) -> str:
    with pytest.raises(InputError) as raised:
        function(*arguments, **values)
    return str(raised.value)


def test_every_other_column_is_a_task_and_some_columns_are_one_together():
    assert columns("path kind group tags:red tags:blue weight split") == {
        "kind": ["kind"],
        "tags": ["tags:red", "tags:blue"],
    }


def test_a_task_may_have_any_name():
    names = ["hair_colour?", "_kind&c.", "类别", "a/b", "../up", "n" * 300]
    assert list(columns(" ".join(["path", *names]))) == names


@pytest.mark.parametrize("name", ["predicted", "probability", "split", "predicted/kind", "probability/kind"])
def test_a_task_of_the_name_of_another_column_of_a_run(name):
    assert sentence(columns, f"path kind {name}", kind=False, **{name: False}) == (
        f"--labels_file='labels.csv' has a column of labels {name!r}, a name that means something else in "
        f"the tables of a run: rename it, or choose others with --tasks."
    )


def test_tasks_that_are_named_come_in_that_order_whatever_they_are_called():
    assert columns("path kind group tags", tags=True, group=False) == {"tags": ["tags"], "group": ["group"]}


@pytest.mark.parametrize(
    ("names", "tasks", "expected"),
    [
        (
            "path split",
            {},
            "--labels_file='labels.csv' has no column of labels beside 'path': add one for each task, "
            "or leave --labels_file out where folders are the classes.",
        ),
        (
            "path group",
            {},
            "--labels_file='labels.csv' has no column of labels beside 'path': if 'group', which says which "
            "images must share a split, holds them, call it otherwise.",
        ),
        (
            "path weight",
            {},
            "--labels_file='labels.csv' has no column of labels beside 'path': if 'weight', which says what "
            "each image counts, holds them, call it otherwise.",
        ),
        (
            "path reason",
            {},
            "--labels_file='labels.csv' has a column of labels 'reason', a name that means something else in "
            "the tables of a run: rename it, or choose others with --tasks.",
        ),
        (
            "path kind",
            {"kin": False},
            "--labels_file='labels.csv' has no column of labels 'kin'; its columns are 'path', 'kind': did "
            "you mean 'kind'?",
        ),
    ],
)
def test_columns_that_make_no_task(names, tasks, expected):
    assert sentence(columns, names, **tasks) == expected


def test_a_cell_holds_several_labels_where_it_may_and_does():
    assert read(tags=["a | b", None, "c"]) == Column(["a|b", None, "c"], several=True)
    assert read(tags=[" a ", "", "c"]) == Column(["a", None, "c"])
    assert read(several=False, tags=["a|b", "c"]) == Column(["a|b", "c"])
    assert read(separator=" ", tags=["a b", "c"]) == Column(["a|b", "c"], several=True)


def test_columns_of_one_label_each_say_what_is_there_and_what_is_not_known():
    column = read(tags__red=["1", "no", None, None], tags__blue=["Yes", "0", "true", None])
    assert column == Column(["red|blue", "", "?red|blue", None], several=True)
    assert column.names == ("blue", "red")


def test_a_mark_that_a_label_is_not_known_is_told(monkeypatch):
    told = []
    monkeypatch.setattr(logging, "info", lambda text, *values: told.append(text % values))
    assert read(tags=["a|?b", "a"]).names == ("a", "b")
    assert told == [
        "--labels_file='labels.csv' has labels behind '?' in column 'tags', such as '?b': of these it is not "
        "known whether the image has them."
    ]
    assert sentence(read, tags=["a|?", "b"]) == (
        "--labels_file='labels.csv' has '?' alone among labels in column 'tags', but it stands before a "
        "label of which it is not known whether the image has it: name the label, or leave it out."
    )


@pytest.mark.parametrize("name", ["?red", "", "red|blue"])
def test_labels_that_no_cell_of_several_could_hold(name):
    table = pd.DataFrame({f"tags:{name}": ["1", "0"]}, dtype=object)
    given = {"task": "tags", "may_be_several": True, "separator": "|"}
    assert sentence(read_column, TABLE, table, **given) == (
        f"--labels_file='labels.csv' has the column 'tags:{name}', but the label in TASK:LABEL may not be "
        "empty, begin with '?' or have '|' in it, which mark and part labels in the tables of a run: rename "
        "it."
    )


def test_cells_that_make_no_label():
    assert sentence(read, tags=[None, None]) == (
        "--labels_file='labels.csv' has no label at all in column 'tags': fill it in."
    )
    assert sentence(read, tags__red=["1", "maybe"]) == (
        "--labels_file='labels.csv' has 'maybe' in column 'tags:red', where 1, 0 or nothing was expected, as "
        "in every column TASK:LABEL: mend it."
    )
    assert sentence(read, separator=",", tags=["a,b", "c|d"]) == (
        "--labels_file='labels.csv' has labels with '|' in column 'tags', which stands between labels in the "
        "tables of a run: rename them."
    )


def test_a_column_that_is_not_there():
    table = pd.DataFrame(columns=["path", "kind"])
    check_column("a.csv", table, "kind", "path column")
    assert sentence(check_column, "a.csv", table, "zzz", "path column") == (
        "--labels_file='a.csv' has no path column 'zzz'; its columns are 'path', 'kind': name one of them."
    )
