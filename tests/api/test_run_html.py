from retrain.api.run_html import as_html

FIGURES = {"accuracy": 0.5, "accuracy_interval": [0.25, 0.75], "count": 8, "macro_f1": 0.4}


def test_a_row_a_split(tmp_path):
    shown = as_html(tmp_path, {"validation": FIGURES, "test": {**FIGURES, "count": 9}, "global_step": 3})
    assert "<td>50.0 %</td>" in shown
    assert "<td>25.0 to 75.0 %</td>" in shown
    assert shown.count("<tr>") == 3
    assert "report.html" not in shown
    assert "task" not in shown


def test_splits_are_called_as_people_call_them(tmp_path):
    shown = as_html(tmp_path, {"cross_validation": FIGURES, "not_seen_in_training": FIGURES})
    assert "<td>cross-validation</td>" in shown
    assert "<td>not seen in training</td>" in shown


def test_a_row_a_task_whatever_its_name(tmp_path):
    figures = {f"{key}/{task}": value for task in ("<b>", "tags") for key, value in FIGURES.items()}
    shown = as_html(tmp_path, {"test": figures})
    assert "<td>&lt;b&gt;</td>" in shown
    assert shown.count("<tr>") == 3
