import pathlib

import pytest

from retrain.data.label_map import label_indices, meanings, read_label_map
from retrain.errors import InputError

LABELS = (
    "background",
    "Egyptian cat",
    "crane",
    "hotdog, hot dog, red hot",
    "crane",
    "maillot",
    "maillot, tank suit",
)


@pytest.fixture
def label_map(tmp_path: pathlib.Path) -> str:
    path = tmp_path / "labels.txt"
    path.write_text("\ufeff" + "\r\n".join(LABELS) + "\r\n", encoding="utf-8", newline="")
    return str(path)


def sentence(function, *arguments) -> str:
    with pytest.raises(InputError) as raised:
        function(*arguments)
    return str(raised.value)


def test_lines_of_any_ending_and_no_byte_order_mark(label_map):
    assert read_label_map(label_map) == LABELS


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("Egyptian cat", 1),
        ("EGYPTIAN CAT", 1),
        ("hotdog, hot dog, red hot", 3),
        ("hotdog", 3),
        ("Red Hot", 3),
        # The whole line is preferred to a name in another.
        ("maillot", 5),
        ("tank suit", 6),
    ],
)
def test_a_folder_means_a_line_or_a_name_in_it(name, index):
    assert label_indices([name], LABELS, "labels.txt") == {name: index}


def test_two_folders_may_mean_the_same_class():
    assert label_indices(["hotdog", "hot dog"], LABELS, "labels.txt") == {"hotdog": 3, "hot dog": 3}


def test_what_folders_may_mean():
    assert meanings(["crane", "dog", "red hot"], LABELS) == {"crane": [2, 4], "dog": [], "red hot": [3]}


def test_an_unknown_folder_is_told_the_nearest_label():
    assert sentence(label_indices, ["hotdogs"], LABELS, "labels.txt") == (
        "The class folder 'hotdogs' is not found in 'labels.txt'; the nearest label there is 'hotdog, hot "
        "dog, red hot' (line 4): rename or remove the folder."
    )


def test_an_ambiguous_folder():
    assert sentence(label_indices, ["crane"], LABELS, "labels.txt") == (
        "The class folder 'crane' may mean 2 labels in 'labels.txt', 'crane' (line 3) and 'crane' (line 5): "
        "rename it, or make these lines differ."
    )


def test_files_that_are_no_label_files(tmp_path):
    gone, empty, bytes_ = (str(tmp_path / name) for name in ("gone", "empty", "bytes"))
    pathlib.Path(empty).write_text("\n \n")
    pathlib.Path(bytes_).write_bytes(b"\xff\xfe\xff")
    assert sentence(read_label_map, gone) == (
        f"--label_map={gone!r} was expected to be a text file with one class a line, but cannot be read (No "
        "such file or directory): name the label file of the module."
    )
    assert sentence(read_label_map, empty) == (
        f"--label_map={empty!r} is empty: name the label file of the module."
    )
    assert sentence(read_label_map, bytes_).startswith(
        f"--label_map={bytes_!r} was expected to be a text file with one class a line, but cannot be read ("
    )
