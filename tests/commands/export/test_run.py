import json
import pathlib
import shutil

import numpy as np
import pytest
import tensorflow as tf

from retrain.__main__ import main


@pytest.fixture
def run(telling_run, tmp_path) -> pathlib.Path:
    """A copy of a run whose exports tell familiarity."""
    shutil.copytree(telling_run, tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "export" / "hub_module", ignore_errors=True)
    return tmp_path / "run"


def export(run: pathlib.Path, *flags: str) -> int:
    return main(["retrain", "export", f"--model_dir={run}", *flags])


def test_formats_are_made_later(run, capsys):
    before = json.loads((run / "exports.json").read_text())["written"]
    assert export(run, "--export_formats=hub_module,tflite_int8") == 0
    assert capsys.readouterr().out == (
        f"Exported {run}/export/hub_module\nExported {run}/export/tflite_int8\n"
    )
    assert (run / "export" / "tflite_int8" / "model.tflite").is_file()
    written = json.loads((run / "exports.json").read_text())["written"]
    assert set(written) == {*before, "hub_module", "tflite_int8"}
    for name in ("seen_images.npz", "familiarity.npz", "labels.txt"):
        one, other = ((run / "export" / of / "assets.extra" / name) for of in ("saved_model", "hub_module"))
        assert one.read_bytes() == other.read_bytes()


def test_the_signature_of_a_server(run, capsys):
    assert export(run, "--export_formats=hub_module") == 0
    shutil.rmtree(run / "export" / "saved_model")
    assert export(run, "--export_formats=saved_model", "--default_signature=bytes") == 0
    served = tf.saved_model.load(str(run / "export" / "saved_model")).signatures["serving_default"]
    assert list(served.structured_input_signature[1]) == ["image_bytes"]


def test_one_that_fails(run, monkeypatch, capsys):
    def broken(*given):
        raise ValueError("No.")

    monkeypatch.setattr("retrain.exporters.tflite.write_float16", broken)
    assert export(run, "--export_formats=tflite_float16") == 1
    assert json.loads((run / "exports.json").read_text())["failed"] == {"tflite_float16": "No."}
    assert np.char.count(capsys.readouterr().out, "Exported") == 0
