import pandas as pd
import pytest

from retrain.data.table_columns import path_column_of, with_known_columns, without_other_paths


def columns(**cells: list[str | None]) -> pd.DataFrame:
    return pd.DataFrame(cells, dtype=object)


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ({"path": ["1.jpg", "2"], "mask": ["1.png", "2.png"]}, "path"),
        ({"id": ["1", "2"], "file": ["1.jpg", "2.jpg"]}, "file"),
        ({"id": ["1", "2"], "file": ["1.jpg", None]}, "id"),
        ({"id": ["1", "2"], "file": ["1.jpg", "2.jpg"], "mask": ["1.png", "2.png"]}, "id"),
        ({"kind": ["a", "b"], "name": ["there", "there"]}, "name"),
        ({"patient": ["a", "b"], "image": ["below", "There"]}, "image"),
        ({"below": ["below", "below"], "image": ["below", "there"]}, "below"),
    ],
)
def test_the_column_of_paths_is_the_first_or_the_only_one_that_names_images(tree, told, cells, found):
    assert path_column_of("t.csv", columns(**cells), tree(["there.png", "part_1/below.jpg"])) == found
    moved = found != next(iter(cells))
    assert told == [f"--labels_file='t.csv' has its paths in column {found!r}."] * moved


def test_names_in_capitals(told):
    table = columns(Path=["1"], Split=["train"], GROUP=["g"], Weight=["1"])
    assert list(with_known_columns("t.csv", table, ())) == ["Path", "split", "group", "weight"]
    assert told == [
        f"--labels_file='t.csv' has column {written!r}, which is read as {known!r}."
        for written, known in (("Split", "split"), ("GROUP", "group"), ("Weight", "weight"))
    ]
    for stays in (columns(group=["g"], Group=["birds"]), columns(Groups=["g"])):
        assert list(with_known_columns("t.csv", stays, ())) == list(stays)
    assert list(with_known_columns("t.csv", table, ["Weight"])) == ["Path", "split", "group", "Weight"]


def test_a_column_that_says_splits(told):
    table = columns(path=["1", "2"], subset=["Training", "val"])
    assert with_known_columns("t.csv", table, ())["split"].tolist() == ["Training", "val"]
    assert told == ["--labels_file='t.csv' has column 'subset', which is read as 'split'."]
    for more in (["train", "train"], ["train", None], ["train", "bus"]):
        assert "split" not in with_known_columns("t.csv", columns(path=["1", "2"], kind=more), ())
    assert list(with_known_columns("t.csv", table, ["subset"])) == ["path", "subset"]
    both = table.assign(split=["train", "test"])
    assert list(with_known_columns("t.csv", both, ())) == ["path", "subset", "split"]


def test_what_fastai_validates_on(told):
    table = columns(path=["1", "2"], is_valid=["True", "False"])
    assert with_known_columns("t.csv", table, ())["split"].tolist() == ["validation", "train"]
    assert told == ["--labels_file='t.csv' has column 'is_valid', which is read as 'split'."]
    assert "split" not in with_known_columns("t.csv", columns(path=["1"], is_valid=["perhaps"]), ())


def test_other_images_are_no_labels(told):
    table = columns(
        path=["1.jpg", "2.jpg"], mask=["1.PNG", "2.png"], kind=["x", "y"], split=["a.png", "b.png"]
    )
    assert list(without_other_paths("t.csv", table, "path")) == ["path", "kind", "split"]
    assert told == ["--labels_file='t.csv' has other images in columns that are no labels: 'mask'."]
    for stays in (table.drop(columns="kind"), table.assign(mask=["1.png", None])):
        assert without_other_paths("t.csv", stays, "path") is stays
