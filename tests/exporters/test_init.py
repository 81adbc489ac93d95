import pytest

from retrain.errors import InputError
from retrain.exporters import EXPORTERS, MODULES, check_installed, exporter


def test_a_format_is_found_by_its_name():
    assert exporter("saved_model").__module__ == "retrain.exporters.reusable_saved_model"
    with pytest.raises(InputError) as raised:
        exporter("savedmodel")
    assert str(raised.value) == (
        f"'savedmodel' is no export format: choose from {', '.join(EXPORTERS)}; did you mean 'saved_model'?"
    )


def test_which_can_be_retrained():
    assert set(MODULES) <= set(EXPORTERS)
    assert MODULES[0] == "saved_model"


def test_a_format_whose_packages_are_missing(monkeypatch):
    monkeypatch.setitem(EXPORTERS, "onnx", EXPORTERS["onnx"]._replace(packages=("no_such_package",)))
    check_installed(("saved_model", "tflite"))
    with pytest.raises(InputError) as raised:
        check_installed(("saved_model", "onnx"))
    assert str(raised.value) == (
        "The export format onnx needs a package that is missing: pip install 'retrain[onnx]', or leave it "
        "out of --export_formats."
    )
