import pathlib

import pandas as pd
import pytest

from retrain.data.listing import read_listing
from retrain.data.table import read
from retrain.errors import InputError
from retrain.examples.table import examples_table
from retrain.examples.tasks import heads_of, join_labels, label_sets, several_labels
from tests import tiny_worlds


def listing(folder: pathlib.Path, text: str):
    (folder / "labels.csv").write_text(text)
    return read(str(folder / "labels.csv"))


def test_a_column_with_several_labels_in_a_cell_gets_a_sigmoid_head(tmp_path):
    found = listing(tmp_path, "path,kind,tags\na,x,red|big\nb,y,\nc,,red\n")
    heads = heads_of(found, "softmax", {})
    assert [(task, head.kind, head.class_names) for task, head in heads.items()] == [
        ("kind", "softmax", ("x", "y")),
        ("tags", "sigmoid", ("big", "red")),
    ]
    examples = pd.DataFrame({"kind": ["x", None], "tags": [None, "red|big"]}, dtype=object)
    assert label_sets(examples, heads) == [{("kind", "x")}, {("tags", "red"), ("tags", "big")}]


def test_the_user_says_which_head(tmp_path):
    found = listing(tmp_path, "path,kind\na,x\nb,y\n")
    assert heads_of(found, "softmax", {"kind": "sigmoid"})["kind"].kind == "sigmoid"
    with pytest.raises(InputError, match="'softmx' is no head"):
        heads_of(found, "softmax", {"kind": "softmx"})


def test_what_no_head_can_learn(tmp_path):
    with pytest.raises(InputError) as raised:
        heads_of(listing(tmp_path, "path,kind\na,x\nb,x\n"), "softmax", {})
    assert str(raised.value) == (
        "A softmax head needs 2 classes or more, and task 'kind' has 1 ('x'): label images of others, or "
        "leave the column out of --tasks."
    )
    rows = "".join(f"{index},this is picture {index}\n" for index in range(30))
    with pytest.raises(InputError) as raised:
        heads_of(listing(tmp_path, "path,caption\n" + rows), "softmax", {"caption": "sigmoid"})
    assert str(raised.value) == (
        "Task 'caption' has 30 classes ('this is picture 0', 'this is picture 1', 'this is picture 10', "
        "...) on 30 "
        "images, which is free text rather than labels: leave the column out of --tasks, or see what "
        "stands between "
        "labels (--label_separator)."
    )


def test_the_same_content_in_several_folders_has_several_labels_under_sigmoid(tmp_path):
    photos = tmp_path / "photos"
    tiny_worlds.colour_folder(photos, 2)
    (photos / "cyan" / "copy.png").write_bytes((photos / "yellow" / "001.png").read_bytes())
    found = read_listing(str(photos))
    for kind, count in (("softmax", 7), ("sigmoid", 6)):
        heads = heads_of(found, kind, {})
        examples = join_labels(examples_table(found), str(photos), heads)
        assert len(examples) == count
        labels = dict(zip(examples["path"], examples["label"], strict=True))
        assert labels["cyan/copy.png"] == ("cyan" if kind == "softmax" else "cyan|yellow")
        assert (several_labels(examples, found, heads) is None) == (kind == "softmax")


def test_a_class_folder_that_a_sigmoid_head_would_read_as_two(tmp_path):
    photos = tmp_path / "photos"
    tiny_worlds.colour_folder(photos, 1)
    (photos / "cyan").rename(photos / "a|b")
    with pytest.raises(InputError) as raised:
        heads_of(read_listing(str(photos)), "sigmoid", {})
    assert str(raised.value) == (
        "The class folder 'a|b' has a name that a sigmoid head reads as several classes: rename it."
    )
