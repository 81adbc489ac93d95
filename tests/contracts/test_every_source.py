"""The promises that every row of SOURCES makes, of handles: those of modules are in test_every_module."""

import dataclasses
import subprocess
import sys

import pytest

from retrain import extensions
from retrain.modules.module_spec import get_expected_image_size
from retrain.modules.signatures import IMAGE_FEATURE_VECTOR
from retrain.modules.sources import SOURCES
from retrain.modules.sources.source import Source, source_of
from retrain.settings.module import ModuleSettings
from tests.contracts.example_modules import EXAMPLES

FIELDS = {field.name for field in dataclasses.fields(ModuleSettings)}
HERE = [name for name, example in EXAMPLES.items() if example.is_here]


def row(name: str) -> type[Source]:
    return extensions.load(SOURCES, name, "source")


def test_every_row_is_tested():
    assert list(EXAMPLES) == list(SOURCES)


@pytest.mark.parametrize("name", SOURCES)
def test_it_says_what_it_is(name):
    assert row(name).title
    assert row(name).form
    assert {"image_size"} <= row(name).reads <= FIELDS


@pytest.mark.parametrize("name", SOURCES)
def test_a_handle_is_recognised_by_one_row(name, tmp_path):
    handle = EXAMPLES[name].make(tmp_path / "module", 1.0)
    assert [other for other in SOURCES if row(other).recognises(handle)] == [name]
    assert source_of(handle) == row(name)(handle, handle)
    source_of(handle).check()


@pytest.mark.parametrize("name", SOURCES)
def test_it_answers_before_tensorflow(name, tmp_path):
    handle = EXAMPLES[name].make(tmp_path / "module", 1.0)
    code = (
        "import sys; from retrain.modules.sources.source import source_of; "
        f"source = source_of({handle!r}); source.check(); source.title, source.reads, source.can_be_trained; "
        "print(sorted({'tensorflow', 'keras', 'numpy', 'tensorflow_hub'} & set(sys.modules)))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"


@pytest.mark.parametrize("name", HERE)
def test_the_description_is_that_of_the_module(name, tmp_path):
    source = source_of(EXAMPLES[name].make(tmp_path / "module", 1.0))
    spec, module = source.read_spec(), source.load()
    assert (spec.handle, module.handle) == (source.handle, source.handle)
    assert set(spec.get_signature_names()) == set(module.signatures)
    assert get_expected_image_size(spec) == list(module.image_size)
    outputs = spec.get_output_info_dict(IMAGE_FEATURE_VECTOR)
    assert outputs["default"].shape.as_list() == [None, module.num_features]
    assert bool(module.trainable_variables) == source.can_be_trained
