import pytest

from retrain.errors import InputError
from retrain.export import EXPORTERS, MODULES, exporter


def test_a_format_is_found_by_its_name():
    assert exporter("saved_model").__module__ == "retrain.export.reusable_saved_model"
    with pytest.raises(InputError) as raised:
        exporter("savedmodel")
    assert str(raised.value) == (
        f"'savedmodel' is no export format: choose from {', '.join(EXPORTERS)}; did you mean 'saved_model'?"
    )


def test_which_can_be_retrained():
    assert set(MODULES) <= set(EXPORTERS)
    assert MODULES[0] == "saved_model"
