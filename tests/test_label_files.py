from retrain.label_files import labels_file


def test_the_first_task_needs_no_name():
    assert labels_file(["label"], "label") == "labels.txt"
    assert labels_file({"kind": 1, "colour": 2}, "kind") == "labels.txt"
    assert labels_file({"kind": 1, "colour": 2}, "colour") == "labels.colour.txt"
