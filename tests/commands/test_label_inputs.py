"""What is wrong with a table of labels and its images is said before TensorFlow is imported."""

import pytest
from absl import logging
from retrain.commands.label_inputs import read_labels

from retrain.errors import InputError
from retrain.settings.config import Config


@pytest.fixture(autouse=True)
def photos(tmp_path, monkeypatch):
    """A working directory with nine photos."""
    (tmp_path / "photos").mkdir()
    for index in range(9):
        (tmp_path / "photos" / f"{index}.jpg").write_bytes(b"%d" % index)
    monkeypatch.chdir(tmp_path)


def config(text: str, **settings: object) -> Config:
    with open("labels.csv", "w", encoding="utf-8") as file:
        file.write(text)
    return Config.of(image_dir="photos", labels_file="labels.csv", **settings)


def rows(count: int = 9) -> str:
    return "".join(f"{index}.jpg,{'ab'[index % 2]}\n" for index in range(count))


def sentence(text: str, **settings: object) -> str:
    with pytest.raises(InputError) as raised:
        read_labels(config(text, **settings))
    return str(raised.value)


def test_paths_that_do_not_exist_are_named_and_left_to_be_skipped(monkeypatch):
    said = []
    monkeypatch.setattr(logging, "warning", lambda text, *values: said.append(text % values))
    listing = read_labels(config("path,kind\n" + rows(10)))
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
    assert len(read_labels(config("path,kind\n" + rows(13), max_skipped_percentage=40.0)).paths) == 13


def test_a_first_column_that_holds_no_paths():
    text = "kind,file\n" + "".join(f"a,{index}.jpg\n" for index in range(9))
    assert sentence(text) == (
        "--labels_file='labels.csv' says different things of 'a', in the rows 1, 2, 3, 4, 5, ...: keep one "
        "row for each image, or say with --path_column where the paths are, if not in 'kind'."
    )
    assert len(read_labels(config(text, path_column="file")).paths) == 9


def test_columns_that_are_not_there():
    columns = "its columns are 'path', 'kind'"
    assert sentence("path,kind\n" + rows(), path_column="paths") == (
        f"--labels_file='labels.csv' has no path column 'paths'; {columns}: did you mean 'path'?"
    )
    assert sentence("path,kind\n" + rows(), tasks="kinds:softmax") == (
        f"--labels_file='labels.csv' has no column of labels 'kinds'; {columns}: did you mean 'kind'?"
    )


def test_the_head_of_a_column_decides_whether_a_cell_holds_several_labels():
    text = "path,tags\n" + "".join(f"{index}.jpg,a|b\n" for index in range(9))
    for tasks, several in ((None, {"tags"}), ("tags:sigmoid", {"tags"}), ("tags:softmax", set())):
        assert read_labels(config(text, tasks=tasks)).columns.several == several


def test_a_table_of_photos_that_are_elsewhere():
    table = config("path,kind\n" + rows()).labels_file
    with pytest.raises(InputError) as raised:
        read_labels(Config.of(image_dir="photo", labels_file=table))
    assert str(raised.value) == (
        "--image_dir='photo' is no folder, but the paths in --labels_file='labels.csv' are taken from there: "
        "name the folder of the images."
    )
