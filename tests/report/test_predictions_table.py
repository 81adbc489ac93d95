import csv
import json

import numpy as np
import pandas as pd

from retrain.heads.softmax import SoftmaxHead
from retrain.report import run_files

EXAMPLES = pd.DataFrame(
    {"path": ["a, b/1.jpg", 'c/"2".jpg'], "label": ["a, b", "c"], "split": ["train", "test"], "size": [1, 2]}
)


def test_settings_are_written_as_they_are(tmp_path):
    run_files.write_settings(str(tmp_path), "{}\n", "--a=1\n")
    assert (tmp_path / "config.json").read_text() == "{}\n"
    assert (tmp_path / "run.flags").read_text() == "--a=1\n"


def test_labels_are_one_a_line_in_utf8(tmp_path):
    run_files.write_labels(str(tmp_path), {"label": SoftmaxHead(["a, b", "玫瑰"])})
    assert (tmp_path / "labels.txt").read_bytes() == "a, b\n玫瑰\n".encode()


def test_predictions_are_a_row_an_example(tmp_path):
    probabilities = np.array([[0.25, 0.75], [0.1234567, 0.8765433]], np.float32)
    table = run_files.write_predictions(
        str(tmp_path), EXAMPLES, {"label": SoftmaxHead(["a, b", "c"])}, {"label": probabilities}
    )
    with open(tmp_path / "predictions.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["path", "label", "predicted", "probability", "split"],
        ["a, b/1.jpg", "a, b", "c", "0.75", "train"],
        ['c/"2".jpg', "c", "c", "0.876543", "test"],
    ]
    assert list(table.columns) == rows[0]


def test_skipped_files_have_reasons(tmp_path):
    run_files.write_skipped(
        str(tmp_path), pd.DataFrame({"path": ["a/1.jpg"], "reason": ["empty file"]}, index=[7])
    )
    assert (tmp_path / "skipped.csv").read_text() == "path,reason\na/1.jpg,empty file\n"
    run_files.write_skipped(str(tmp_path), pd.DataFrame(columns=["path", "reason"]))
    assert (tmp_path / "skipped.csv").read_text() == "path,reason\n"


def test_metrics_hold_the_step_once(tmp_path):
    figures = {"validation": {"accuracy": 0.5, "global_step": 7}, "test": {"accuracy": 1.0, "global_step": 7}}
    run_files.write_metrics(str(tmp_path), figures, 7)
    assert json.loads((tmp_path / "metrics.json").read_text()) == {
        "validation": {"accuracy": 0.5},
        "test": {"accuracy": 1.0},
        "global_step": 7,
    }
    run_files.write_metrics(str(tmp_path), {"evaluation": {"accuracy": 0.5}})
    assert json.loads((tmp_path / "metrics.json").read_text()) == {"evaluation": {"accuracy": 0.5}}
