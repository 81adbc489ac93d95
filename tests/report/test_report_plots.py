import re

import numpy as np
import pytest

from retrain.report.report_plots import (
    TASKS,
    confusion_matrix,
    learning_curves,
    precision_recall,
    reliability,
)
from retrain.training.events import Curve

SURE, RIGHT = np.array([0.55, 0.95, 0.95]), np.array([True, True, False])


@pytest.mark.parametrize(
    ("svg", "words"),
    [
        (lambda: confusion_matrix([[3, 0], [1, 2]], ["cat", "dog"]), [">cat<", ">dog<", ">3<", ">1<", ">2<"]),
        (lambda: reliability({"as exported": (SURE, RIGHT)}), [">as exported<", ">how sure<"]),
        (lambda: precision_recall({"red": (RIGHT, SURE)}), [">red<", ">recall<", ">threshold<"]),
        (
            lambda: learning_curves({"loss": {"training": Curve(np.arange(3), np.ones(3))}}),
            [">training<", ">step<", ">loss<"],
        ),
    ],
)
def test_a_plot_is_text_in_the_colours_of_the_page(svg, words):
    text = svg()
    assert text.startswith("<svg")
    assert "currentColor" in text
    assert "#010203" not in text
    assert '<g id="' not in text
    for word in words:
        assert word in text
    assert svg() == text


def test_counts_of_nothing_are_left_out():
    assert ">0<" not in confusion_matrix([[3, 0], [0, 2]], ["cat", "dog"])


def test_many_classes_have_no_counts_in_their_cells():
    names = [f"class {index}" for index in range(60)]
    text = confusion_matrix((7 * np.eye(60, dtype=int)).tolist(), names)
    assert ">7<" not in text
    assert ">class 59<" in text


def test_long_names_are_cut():
    text = confusion_matrix([[1, 0], [0, 1]], ["a" * 40, "b"])
    assert f">{'a' * 23}…<" in text


def test_curves_of_several_tasks_have_their_names():
    curve = Curve(np.arange(3), np.ones(3))
    text = learning_curves({"loss": {f"training/{task}": curve for task in "abcd"}})
    for task in "abcd":
        assert f">training/{task}<" in text


def test_each_task_has_a_colour_of_its_own_and_training_is_dashed():
    curve = Curve(np.arange(3), np.ones(3))
    names = [f"{split}/{task}" for task in "ab" for split in ("training", "validation")]
    text = learning_curves({"loss": dict.fromkeys(names, curve)})
    lines = re.findall(r'style="fill: none; (stroke-dasharray)?[^"]*?stroke: (#\w+)', text)
    of_curves = [line for line in lines if line[1] in TASKS]
    assert of_curves[:4] == [(dash, colour) for colour in TASKS[:2] for dash in ("stroke-dasharray", "")]
