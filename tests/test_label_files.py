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
