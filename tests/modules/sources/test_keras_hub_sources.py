import importlib.util

import pytest

from retrain.modules.sources.keras_hub_sources import NamedPreset, PresetDirectory
from retrain.modules.sources.source import source_of
from tests.modules.sources.sentences import sentence


@pytest.mark.parametrize(
    "handle", ["keras_hub:dinov2_small", "hf://timm/resnet18.a1_in1k", "kaggle://keras/vit/keras/vit_base"]
)
def test_presets_by_name(handle):
    source = source_of(handle)
    assert source == NamedPreset(handle, handle)
    assert (source.fetched(), source.files) == (source, None)


def test_a_directory_with_a_configuration_is_a_preset(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    handle = str(tmp_path)
    assert source_of(handle) == PresetDirectory(handle, handle)
    (tmp_path / "saved_model.pb").touch()
    assert not PresetDirectory.recognises(handle)


@pytest.mark.parametrize("missing", ["keras_hub", "safetensors"])
def test_the_extra_is_missing(monkeypatch, missing):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name != missing or None)
    assert sentence("keras_hub:vit") == (
        "'keras_hub:vit' needs a package that is missing: pip install 'retrain[keras-hub]'."
    )
