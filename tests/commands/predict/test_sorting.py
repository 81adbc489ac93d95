import os
import pathlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrain.commands.predict.sorting import FreeNames, folder_names, sort_files


@given(st.lists(st.sampled_from(["a.jpg", "A.JPG", "a-2.jpg", "a-3.jpg", "é", "e\u0301", "a"])))
def test_no_name_is_given_twice_in_whatever_letters(wanted):
    names = FreeNames()
    given_out = [names.free(name) for name in wanted]
    assert len({name.casefold().replace("e\u0301", "é") for name in given_out}) == len(wanted)


def test_a_taken_name_gets_the_next_number_before_its_ending():
    names = FreeNames()
    wanted = ["a.jpg", "a.jpg", "a-3.jpg", "a.jpg", "A.jpg", "b"]
    assert [names.free(name) for name in wanted] == [
        *("a.jpg", "a-2.jpg", "a-3.jpg", "a-4.jpg", "A-5.jpg", "b")
    ]


def test_classes_that_are_no_names_of_folders_get_others_and_that_is_told(caplog):
    classes = ["cat", "Cat", "a/b", "a_b", "..", ".git", "", "x\0\n", "玫瑰", "z" * 300]
    with caplog.at_level("INFO", "absl"):
        folders = folder_names(classes)
    assert list(folders.values()) == [
        *("cat", "Cat-2", "a_b", "a_b-2", "_.", "_git", "_", "x__", "玫瑰", "z" * 200)
    ]
    assert caplog.messages[0] == "The folder of class 'Cat' is called 'Cat-2'."
    assert len(caplog.messages) == 8


@pytest.mark.parametrize("by", ["copy", "link"])
def test_files_of_one_name_lie_side_by_side_in_the_folder_of_each_class(tmp_path, by):
    files = [tmp_path / "1" / "x.jpg", tmp_path / "2" / "x.jpg", tmp_path / "3.jpg"]
    for file in files:
        file.parent.mkdir(exist_ok=True)
        file.write_text(str(file))
    into = tmp_path / "into"
    labels = [["a/b"], ["a/b", "c"], []]
    sort_files(str(into), [*map(str, files)], labels, ["a/b", "c", "none"], by)
    found = {str(path.relative_to(into)): path.read_text() for path in into.rglob("*.jpg")}
    assert found == {"a_b/x.jpg": str(files[0]), "a_b/x-2.jpg": str(files[1]), "c/x.jpg": str(files[1])}
    assert os.path.islink(into / "c" / "x.jpg") == (by == "link")
    assert sorted(os.listdir(into)) == ["a_b", "c"]
    assert all(pathlib.Path(file).is_file() for file in files)
