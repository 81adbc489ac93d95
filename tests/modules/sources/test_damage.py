"""Modules of both formats whose files are not whole are refused in the same sentences."""

import pathlib

import pytest

from retrain.errors import InputError
from retrain.modules.sources import saved_model, tf1_hub
from retrain.modules.sources.source import DEFAULTS
from tests import tiny_tf1_hub, tiny_worlds
from tests.benchmarks.damaged_modules import LOADED, MAKE, REFUSED, outcome
from tests.benchmarks.damaged_modules import damaged as damaged_copy

DATA, INDEX = "variables.data-00000-of-00001", "variables.index"
FORMATS = {
    "saved_model": (tiny_worlds.averaging_module, saved_model.load),
    "tf1_hub": (tiny_tf1_hub.averaging_module, tf1_hub.load),
}


@pytest.fixture(params=FORMATS)
def damaged(request, tmp_path):
    """A whole module, to be damaged, and the sentence that then refuses it."""
    make, load = FORMATS[request.param]
    handle = make(tmp_path / "m")

    def sentence() -> str:
        with pytest.raises(InputError) as info:
            load(handle, handle, DEFAULTS)
        return str(info.value)

    return pathlib.Path(handle), sentence


@pytest.mark.parametrize("name", MAKE)
def test_damage_of_any_kind_ends_in_a_sentence(tmp_path, name):
    """The short form of tests.benchmarks.damaged_modules."""
    whole = MAKE[name](tmp_path / "whole")
    found = {outcome(damaged_copy(whole, tmp_path, seed)) for seed in range(25)}
    assert REFUSED in found
    assert found <= {LOADED, REFUSED}


@pytest.mark.parametrize("size", [0, 30, 1000, -1])
def test_truncated_saved_model(damaged, size):
    module, sentence = damaged
    graph = (module / "saved_model.pb").read_bytes()
    (module / "saved_model.pb").write_bytes(graph[:size])
    assert sentence() == (
        f"{str(module)!r} cannot be loaded: its saved_model.pb is empty or cut short; fetch or export the "
        f"module again."
    )


@pytest.mark.parametrize(("missing", "left"), [([DATA], INDEX), ([INDEX], DATA), ([DATA, INDEX], "nothing")])
def test_missing_variables(damaged, missing, left):
    module, sentence = damaged
    for name in missing:
        (module / "variables" / name).unlink()
    assert sentence() == (
        f"{str(module)!r} cannot be loaded: its variables are missing or cut short (found: {left}); fetch or "
        f"export the module again."
    )


@pytest.mark.parametrize("name", [DATA, INDEX])
def test_truncated_variables(damaged, name):
    module, sentence = damaged
    content = (module / "variables" / name).read_bytes()
    (module / "variables" / name).write_bytes(content[:10])
    assert sentence() == (
        f"{str(module)!r} cannot be loaded: its variables are missing or cut short (found: {DATA}, {INDEX}); "
        f"fetch or export the module again."
    )
