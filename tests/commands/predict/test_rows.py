import pathlib

import numpy as np
import pandas as pd
import pytest

from retrain.commands.predict.check import PredictPlan
from retrain.commands.predict.rows import Familiarity, answer_columns, tell, write
from retrain.heads.answers import OneClass, SomeClasses
from retrain.report import table_row
from retrain.settings.config import Config
from retrain.settings.results import ResultSettings

HEADS = {"kind": OneClass(["a", "b"]), "tags": SomeClasses(["x", "y"])}
ROWS = {"kind": np.array([[0.25, 0.75], [0.9, 0.1]]), "tags": np.array([[0.5, 0.75], [0.1, 0.2]])}
FAMILIARITY = Familiarity(np.array([0.01, 0.5]), 0.05)


def plain(columns) -> dict[str, list]:
    return {name: list(values) for name, values in columns.items()}


def test_columns_of_each_task():
    assert plain(answer_columns(HEADS, ROWS, None, ResultSettings())) == {
        "class/kind": ["b", "a"],
        "probability/kind": [0.75, 0.9],
        "class/tags": ["x|y", ""],
        "probability/tags": [0.5, 0.8],
    }


def test_unfamiliar_images_are_of_no_class_where_that_is_asked_for():
    one = {"kind": HEADS["kind"]}, {"kind": ROWS["kind"]}
    for rejects, classes in ((False, ["b", "a"]), (True, ["?", "a"])):
        columns = answer_columns(*one, FAMILIARITY, ResultSettings(reject_unfamiliar=rejects))
        assert plain(columns) == {
            "class": classes,
            "probability": [0.75, 0.9],
            "familiarity": [0.01, 0.5],
        }


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        (ResultSettings(top_k=1), ["class", "probability", "class_1", "probability_1"]),
        (ResultSettings(all_classes=True), ["class", "probability", "probability/a", "probability/b"]),
    ],
)
def test_more_classes(settings, names):
    assert list(answer_columns({"kind": HEADS["kind"]}, {"kind": ROWS["kind"]}, None, settings)) == names


@pytest.fixture
def plan(tmp_path) -> PredictPlan:
    output = str(tmp_path / "out.csv")
    return PredictPlan(Config(), ("a.jpg",), "", None, output, table_row(output, "output"))


def test_a_file_is_written_and_told(plan, capsys):
    write(plan, iter([pd.DataFrame({"path": ["a.jpg"], "class": ["a"]})]))
    tell(plan, 1)
    assert pathlib.Path(plan.output).read_text() == "path,class\na.jpg,a\n"
    assert capsys.readouterr().out == f"1 predictions are in {plan.output}\n"


def test_the_terminal_has_tabs_between(plan, capsys):
    plan = plan._replace(output=None)
    write(plan, iter([pd.DataFrame({"path": ["ä.jpg"], "class": ["a"]})]))
    tell(plan, 1)
    assert capsys.readouterr().out == "path\tclass\nä.jpg\ta\n"
