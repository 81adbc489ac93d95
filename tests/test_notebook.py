"""The notebook under docs runs from top to bottom, and what it shows is what a run of it has shown."""

import json
import pathlib
import tempfile

import pytest

from retrain.api import verbs
from retrain.api.keywords import config_of
from retrain.commands import module_check
from retrain.modules.sources import source
from retrain.modules.sources.embedded import GRADIENTS

DOCS = pathlib.Path(__file__).parents[1] / "docs"
CELLS = json.loads((DOCS / "first_steps.ipynb").read_text("utf-8"))["cells"]
SMALL = {"train": {"l2_regularizer": 0.05, "max_steps": 300, "export_formats": "saved_model"}, "predict": {}}
CODE = [cell for cell in CELLS if cell["cell_type"] == "code"]


def test_it_runs(monkeypatch, tmp_path):
    """As one program; for speed with the embedded module without weights, few steps and one export."""
    monkeypatch.chdir(DOCS)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for module in (source, module_check):
        monkeypatch.setattr(module, "best", lambda: GRADIENTS)
    monkeypatch.setattr(verbs, "config_of", lambda verb, given: config_of(verb, {**SMALL[verb], **given}))
    names: dict[str, object] = {}
    for number, cell in enumerate(CODE):
        exec(compile("".join(cell["source"]), f"cell {number}", "exec"), names)
    assert names["run"].metrics["test"]["accuracy"] == 1.0
    wrong = set(names["table"]["path"][[3, 20]])
    assert set(names["issues"]["path"][:2]) == wrong
    assert names["right"].metrics["cross_validation"]["accuracy"] == 1.0
    assert names["probabilities"].argmax() == 1  # a fish


def test_it_has_been_run():
    assert [cell["execution_count"] for cell in CODE] == list(range(1, len(CODE) + 1))
    kinds = {output["output_type"] for cell in CODE for output in cell["outputs"]}
    assert kinds <= {"execute_result", "stream"}
    assert [cell["outputs"] == [] for cell in CODE] == [False] * len(CODE)
    said = "".join("".join(output.get("text", "")) for cell in CODE for output in cell["outputs"])
    assert "Warning" not in said
    assert "Next: retrain.predict(" in said
    assert "python -m retrain" not in said


@pytest.mark.parametrize("cell", [cell for cell in CELLS if cell["cell_type"] == "markdown"])
def test_it_links_pages_that_are_there(cell):
    text = "".join(cell["source"])
    for target in text.split("](")[1:]:
        assert (DOCS / target.partition(")")[0]).is_file()
