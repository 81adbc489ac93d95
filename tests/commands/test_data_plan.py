"""What is wrong with a table of labels and its images is said before TensorFlow is imported."""

import os
import pathlib

import pytest
from absl import logging
from PIL import Image

from retrain.commands.data_plan import DataPlan, check_class_folders, check_outside, plan_data
from retrain.errors import InputError
from retrain.examples.split_file import Frozen
from retrain.settings.config import Config
from tests.tiny_shards import shard


@pytest.fixture(autouse=True)
def photos(tmp_path, monkeypatch):
    """A working directory with nine photos, and two of roses and tulips in folders of their classes."""
    (tmp_path / "photos").mkdir()
    for index in range(9):
        (tmp_path / "photos" / f"{index}.jpg").write_bytes(b"%d" % index)
    for name in ("flowers/roses/1.jpg", "flowers/tulips/3.gif"):
        (tmp_path / name).parent.mkdir(parents=True)
        Image.new("RGB", (2, 2)).save(tmp_path / name)
    monkeypatch.chdir(tmp_path)


def planned(text: str, **settings: object) -> DataPlan:
    with open("labels.csv", "w", encoding="utf-8") as file:
        file.write(text)
    return plan_data(Config.of(image_dir="photos", labels_file="labels.csv", **settings).data)


def of_folders(**settings: object) -> DataPlan:
    return plan_data(Config.of(image_dir="flowers", **settings).data)


def rows(count: int = 9) -> str:
    return "".join(f"{index}.jpg,{'ab'[index % 2]}\n" for index in range(count))


def sentence(text: str, **settings: object) -> str:
    with pytest.raises(InputError) as raised:
        planned(text, **settings)
    return str(raised.value)


def sentence_of(function, *values: object, **settings: object) -> str:
    with pytest.raises(InputError) as raised:
        function(*values, **settings)
    return str(raised.value)


def test_class_folders_are_one_task():
    data = of_folders()
    assert (data.kinds, data.task_weights, data.frozen) == ({"label": "softmax"}, {}, None)
    assert (data.image_dir, data.class_names) == ("flowers", ("roses", "tulips"))
    assert of_folders(head="sigmoid").kinds == {"label": "sigmoid"}


def test_columns_are_tasks_whose_heads_fit_their_cells_or_are_those_that_were_named():
    text = "path,kind,tags\n" + "".join(f"{index}.jpg,{'ab'[index % 2]},x|y\n" for index in range(9))
    assert planned(text).kinds == {"kind": "softmax", "tags": "sigmoid"}
    assert planned(text).class_names == ("a", "b")
    named = planned(text, tasks=(("tags", "sigmoid"), ("kind", "sigmoid")))
    assert list(named.kinds.items()) == [("tags", "sigmoid"), ("kind", "sigmoid")]
    assert named.class_names == ("x", "y")


def test_weights_of_tasks():
    text = "path,kind\n" + rows()
    assert planned(text, task_weights=(("kind", 0.5),)).task_weights == {"kind": 0.5}
    assert sentence(text, task_weights=(("kin", 1.0),)) == (
        "'kin' is no task: choose from kind; did you mean 'kind'?"
    )


def test_heads_that_there_are_not():
    assert sentence("path,kind\n" + rows(), tasks=(("kind", "softmux"),)) == (
        "'softmux' is no head: choose from softmax, sigmoid; did you mean 'softmax'?"
    )
    assert sentence("path,kind\n" + rows(), tasks=(("kind", "multilabel"),)) == (
        "'multilabel' is no head: choose from softmax, sigmoid; did you mean 'sigmoid'?"
    )


def test_a_share_that_looks_like_a_fraction_is_told(monkeypatch):
    said = []
    monkeypatch.setattr(logging, "warning", lambda text, *values: said.append(text % values))
    of_folders(validation_percentage=0.2, testing_percentage=1.0)
    assert said == ["--validation_percentage=0.2 is 0.2 % of the images: for a share of 0.2, say 20."]
    of_folders(validation_percentage=0.0)
    assert len(said) == 1


def test_a_split_file_is_read():
    with open("predictions.csv", "w") as file:
        file.write("path,split\nroses/1.jpg,test\n")
    assert of_folders(split_file="predictions.csv").frozen == Frozen({"roses/1.jpg": "test"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            None,
            "'splits.csv' was expected to be a CSV file with columns 'path' and 'split', but cannot be read "
            "(No such file or directory): name a run's predictions.csv.",
        ),
        (
            "path,splt\nroses/1.jpg,test\n",
            "'splits.csv' was expected to have columns 'path' and 'split', but its columns are 'path', "
            "'splt': name a run's predictions.csv.",
        ),
        (
            "path,split\nroses/1.jpg,tset\n",
            "'splits.csv' was expected to have 'train', 'validation' or 'test' in column 'split', but also "
            "has 'tset': name a run's predictions.csv.",
        ),
    ],
)
def test_a_split_file_that_is_none(text, expected):
    if text is not None:
        with open("splits.csv", "w") as file:
            file.write(text)
    assert sentence_of(of_folders, split_file="splits.csv") == expected


def test_paths_that_do_not_exist_are_named_and_left_to_be_skipped(monkeypatch):
    said = []
    monkeypatch.setattr(logging, "warning", lambda text, *values: said.append(text % values))
    listing = planned("path,kind\n" + rows(10)).listing
    assert len(listing.paths) == 10
    assert said == [
        "--labels_file='labels.csv' has paths that do not exist in --image_dir='photos': 1 of 10, such as "
        "'9.jpg'. They are skipped."
    ]


def test_too_many_paths_that_do_not_exist():
    assert sentence("path,kind\n" + rows(13)) == (
        "--labels_file='labels.csv' has paths that do not exist in --image_dir='photos': 4 of 13, such as "
        "'10.jpg', '11.jpg', '12.jpg', and --max_skipped_percentage allows 10 %: mend them, or name the "
        "folder, or the --path_column, that they are in."
    )
    assert len(planned("path,kind\n" + rows(13), max_skipped_percentage=40.0).listing.paths) == 13


def test_a_first_column_that_holds_no_paths():
    text = "kind,file,mask\n" + "".join(f"a,{index}.jpg,{index}.png\n" for index in range(9))
    assert sentence(text) == (
        "--labels_file='labels.csv' says different things of 'a', in the rows 1, 2, 3, 4, 5, ...: keep one "
        "row for each image, with several labels in one cell, as in 'cat|dog', or say with --path_column "
        "where the paths are, if not in 'kind'."
    )
    assert len(planned(text, path_column="file").listing.paths) == 9


def test_columns_that_are_not_there():
    columns = "its columns are 'path', 'kind'"
    assert sentence("path,kind\n" + rows(), path_column="paths") == (
        f"--labels_file='labels.csv' has no path column 'paths'; {columns}: did you mean 'path'?"
    )
    assert sentence("path,kind\n" + rows(), tasks=(("kinds", "softmax"),)) == (
        f"--labels_file='labels.csv' has no column of labels 'kinds'; {columns}: did you mean 'kind'?"
    )


def test_the_head_of_a_column_decides_whether_a_cell_holds_several_labels():
    text = "path,tags\n" + "".join(f"{index}.jpg,a|b\n" for index in range(9))
    for kind, several in ((None, True), ("sigmoid", True), ("softmax", False)):
        tasks = () if kind is None else (("tags", kind),)
        assert planned(text, tasks=tasks).listing.columns["tags"].several == several
    assert planned(text, tasks=(("tags", ""),)).kinds == {"tags": "sigmoid"}
    other = planned(text.replace("|", ";"), label_separator=";")
    assert other.class_names == ("a", "b")


def test_a_table_of_photos_that_are_elsewhere():
    with open("labels.csv", "w") as file:
        file.write("path,kind\n" + rows())
    settings = Config.of(image_dir="photo", labels_file="labels.csv").data
    assert sentence_of(plan_data, settings) == (
        "--image_dir='photo' is no folder, but the paths in --labels_file='labels.csv' are taken from there: "
        "name the folder of the images."
    )


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("a\nb", "a line break"),
        ("a\rb", "a line break"),
        ("a\u2028b", "a character that many programs take for a line break"),
        ("a\x0bb", "a character that many programs take for a line break"),
    ],
)
def test_names_of_classes_are_one_line(name, broken):
    os.rename("flowers/roses", f"flowers/{name}")
    assert sentence_of(of_folders) == (
        f"The class folder {name!r} has {broken} in it, but labels are written one a line: rename it."
    )


def test_a_label_of_a_table_is_one_line():
    assert sentence('path,kind\n0.jpg,"a\nb"\n' + rows()[8:]) == (
        "--labels_file='labels.csv' has the label 'a\\nb' in column 'kind', with a line break in it, but "
        "labels are written one a line: mend it."
    )


def test_a_label_map_is_for_class_folders():
    check_class_folders(of_folders())
    assert sentence_of(check_class_folders, planned("path,kind\n" + rows())) == (
        "--label_map is for class folders, which have the names of a module's own classes: it does not go "
        "with --labels_file, nor with the labels in shards."
    )


def test_the_head_of_shards_is_that_of_class_folders_or_fits_their_lists():
    shard(pathlib.Path("shards/x.tar"), {"1.jpg": b"", "1.cls": b"a", "2.jpg": b"", "2.cls": b"b"})
    shard(pathlib.Path("lists.tar"), {"1.jpg": b"", "1.json": b'{"labels": ["a", "b"]}'})
    kinds = [
        plan_data(Config.of(image_dir=image_dir, **given).data).kinds["label"]
        for image_dir in ("shards", "lists.tar")
        for given in ({}, {"head": "sigmoid"})
    ]
    assert kinds == ["softmax", "sigmoid", "sigmoid", "sigmoid"]


def test_labels_of_shards_that_are_none_are_told_with_where_they_are():
    shard(pathlib.Path("x.tar"), {"1.jpg": b"", "1.cls": b"Cat", "2.jpg": b"", "2.cls": b"cat"})
    shard(pathlib.Path("y.tar"), {"1.jpg": b"", "1.cls": b"a\nb"})
    of = {name: sentence_of(plan_data, Config.of(image_dir=name).data) for name in ("x.tar", "y.tar")}
    assert of["x.tar"].startswith(
        "--image_dir='x.tar' has labels in column 'label' that differ only in capital "
    )
    assert of["y.tar"].startswith(
        "--image_dir='y.tar' has the label 'a\\nb' in column 'label', with a line break"
    )


def test_a_table_may_say_the_labels_of_images_in_shards():
    tar = pathlib.Path("shards/x.tar")
    shard(tar, {"1.jpg": b"", "deep/2.jpg": b""})
    for image_dir, inside in (("shards", "x.tar/"), ("shards/x.tar", "")):
        table = f"path,kind\n{inside}1.jpg,a\n{inside}deep/2.jpg,b\n"
        pathlib.Path("labels.csv").write_text(table)
        plan = plan_data(Config.of(image_dir=image_dir, labels_file="labels.csv").data)
        assert plan.listing.paths == [f"{inside}1.jpg", f"{inside}deep/2.jpg"]


@pytest.mark.parametrize("directory", ["flowers/run", "flowers", "flowers/roses/../run"])
def test_a_run_inside_the_images_would_be_a_class_of_the_next(directory):
    assert sentence_of(check_outside, directory, "flowers") == (
        f"The run would write to {directory!r}, inside --image_dir='flowers', where the next run would take "
        "it for a class: name a --model_dir elsewhere."
    )
    check_outside("flowers2/run", "flowers")
