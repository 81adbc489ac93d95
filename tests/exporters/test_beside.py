import pathlib
import shutil

import numpy as np
import pytest

from retrain.exporters.beside import answering_heads, litert_beside
from retrain.heads import HEADS


@pytest.fixture
def exports(telling_run, tmp_path) -> pathlib.Path:
    return pathlib.Path(shutil.copytree(telling_run / "export", tmp_path / "export"))


@pytest.mark.parametrize("name", ["saved_model", "hub_module"])
def test_it_is_found_beside_any_module_of_the_run(exports, name):
    assert litert_beside(str(exports / name)) == str(exports / "tflite")
    assert litert_beside(f"{exports / name}/") == str(exports / "tflite")


def test_one_of_another_classifier_is_none(exports):
    description = exports / "tflite" / "assets.extra" / "retrain.json"
    description.write_text(description.read_text().replace("cyan", "other"))
    assert litert_beside(str(exports / "saved_model")) == ""


def test_a_module_alone(exports, tmp_path):
    shutil.rmtree(exports / "tflite")
    assert litert_beside(str(exports / "saved_model")) == ""


def test_a_kind_of_head_that_needs_tensorflow(exports, monkeypatch):
    monkeypatch.setitem(HEADS, "softmax", HEADS["softmax"]._replace(answers=""))
    assert litert_beside(str(exports / "saved_model")) == ""


def test_what_its_heads_predict(exports):
    heads = answering_heads(str(exports / "tflite"))
    assert list(heads) == ["label"]
    assert heads["label"].predicted(np.eye(3)) == ["cyan", "magenta", "yellow"]
