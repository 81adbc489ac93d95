import json

from retrain.report.data_report import data_report_lines, write_data_report

QUIET = {
    "images": 3,
    "splits": {"train": 2, "test": 1},
    "height": {"min": 10, "median": 20.0, "max": 30},
    "width": {"min": 5, "median": 7.5, "max": 10},
    "formats": {"JPEG": 2, "PNG": 1},
    "ignored_files": {},
    "transparent": 0,
    "narrow_16_bit": 0,
    "alpha_background": "white",
    "tasks": {"label": {"head": "softmax", "labelled": 3, "classes": {"a": 1, "b": 2}, "not_in_train": []}},
    "skipped": [],
    "exact_duplicates": [],
    "near_duplicates": [],
    "in_several_splits": [],
    "label_conflicts": [],
}


def test_where_nothing_is_wrong_two_lines_do():
    assert data_report_lines(QUIET) == [
        "Width 5 to 10 (median 7.5), height 10 to 30 (median 20) pixels; 2 JPEG, 1 PNG.",
        "2 classes on 3 images; smallest 'a' (1), largest 'b' (2).",
    ]


def test_what_is_wrong_is_told():
    report = {
        **QUIET,
        "transparent": 2,
        "narrow_16_bit": 1,
        "tasks": {
            "kind": {"head": "softmax", "labelled": 3, "classes": {"a": 2, "b": 2}, "not_in_train": ["b"]},
            "tags": {"head": "sigmoid", "labelled": 1, "classes": {"x": 1}, "not_in_train": []},
        },
        "skipped": [{"path": "a/1.jpg", "reason": "empty file"}, {"path": "a/2.jpg", "reason": "empty file"}],
        "exact_duplicates": [["a/3.jpg", "a/4.jpg"]],
        "near_duplicates": [["a/5.jpg", "b/6.jpg", "b/7.jpg"], ["a/8.jpg", "a/9.jpg"]],
        "in_several_splits": [["a/8.jpg", "a/9.jpg"]],
        "label_conflicts": [
            {
                "task": "kind",
                "same_content": False,
                "labels": {"a/5.jpg": "a", "b/6.jpg": "b", "b/7.jpg": "b"},
            }
        ],
    }
    assert data_report_lines(report)[1:] == [
        "kind: 2 classes on 3 images; 2 each. Not in train: 'b'.",
        "tags: 1 classes on 1 images; 1 each.",
        "2 images with transparency: put on white (--alpha_background).",
        "1 image with values of 8 or 12 bits in 16: taken as such.",
        "Left out: 2 images, such as 'a/1.jpg' (empty file).",
        "Found 1 set of identical files (2 images) and 2 sets of near duplicates (5 images).",
        "1 set of duplicates in several splits, such as 'a/8.jpg', 'a/9.jpg': figures will flatter.",
        "1 set of duplicates with different labels: 'a/5.jpg' is 'a', 'b/6.jpg' is 'b', 'b/7.jpg' is 'b'.",
    ]


def test_the_facts_are_written_as_they_are(tmp_path):
    path = write_data_report(str(tmp_path), QUIET)
    assert path == str(tmp_path / "data_report.json")
    assert json.loads((tmp_path / "data_report.json").read_text()) == QUIET
