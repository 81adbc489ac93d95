"""Backbones of KerasHub: presets by name, on Hugging Face or Kaggle, and in directories.

A directory may hold what KerasHub saved, or a checkpoint of timm or transformers that it converts.
"""

import importlib.util

from retrain.errors import InputError
from retrain.modules.sources.keras_archive import check_is_packed
from retrain.modules.sources.source import Source, holds_preset

PACKAGES = ("keras_hub", "safetensors")


class KerasHub(Source):
    """What both have in common."""

    title = "KerasHub preset"
    reads = frozenset({"image_size", "feature_output", "feature_pooling"})
    loader = "retrain.modules.sources.keras_hub_model:load"
    is_keras = True

    def check(self) -> None:
        super().check()
        if not all(map(importlib.util.find_spec, PACKAGES)):
            raise InputError(
                f"{self.handle!r} needs a package that is missing: pip install 'retrain[keras-hub]'."
            )


class NamedPreset(KerasHub):
    """A preset that KerasHub downloads into its own cache."""

    form = "keras_hub:PRESET"
    prefixes = ("keras_hub:", "hf://", "kaggle://")
    has_files = False


class PresetDirectory(KerasHub):
    """A preset on this machine."""

    form = "a module directory"

    def check(self) -> None:
        check_is_packed(self.handle, self.location)
        super().check()

    @classmethod
    def recognises(cls, location: str) -> bool:
        return holds_preset(location)
