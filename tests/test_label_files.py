import pathlib
import tempfile

from hypothesis import given
from hypothesis import strategies as st

from retrain.files import write_text
from retrain.label_files import labels_file, labels_text, read_labels


def test_the_first_task_has_the_plain_name():
    tasks = {"kind": 1, "colours": 2}
    assert [labels_file(tasks, task) for task in tasks] == ["labels.txt", "labels.colours.txt"]


def test_classes_come_back_by_task(tmp_path):
    (tmp_path / "labels.txt").write_text(labels_text(["a", "b c"]))
    (tmp_path / "labels.colours.txt").write_text(labels_text(["red"]))
    assert read_labels(tmp_path) == ("a", "b c")
    assert read_labels(tmp_path, "kind") == ("a", "b c")
    assert read_labels(tmp_path, "colours") == ("red",)
    assert read_labels(tmp_path / "nothing") == ()


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1))
def test_any_classes_that_are_one_line_each_come_back(names):
    names = [name for name in names if name.splitlines() == [name]]
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory, "labels.txt")
        write_text(path, labels_text(names))
        assert read_labels(path.parent) == tuple(names)
