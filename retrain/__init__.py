"""Turns a folder of images and a pretrained image module into a classifier, which is an image module again.

Importing this package is cheap: a public name loads what it needs when it is first used.
"""

import importlib
import sys
import types
from typing import Any

from retrain.extensions import named

__version__ = "0.1.0"

NAMES = {
    "BestExporter": "retrain.training.train_and_evaluate:BestExporter",
    "Estimator": "retrain.training.estimator:Estimator",
    "EvalSpec": "retrain.training.train_and_evaluate:EvalSpec",
    "FinalExporter": "retrain.training.train_and_evaluate:FinalExporter",
    "ImageClassifier": "retrain.model:ImageClassifier",
    "InputError": "retrain.errors:InputError",
    "LatestExporter": "retrain.training.train_and_evaluate:LatestExporter",
    "ModuleLayer": "retrain.keras:ModuleLayer",
    "SigmoidHead": "retrain.heads.sigmoid:SigmoidHead",
    "SoftmaxHead": "retrain.heads.softmax:SoftmaxHead",
    "TrainSpec": "retrain.training.train_and_evaluate:TrainSpec",
    "TrainedRun": "retrain.api.trained_run:TrainedRun",
    "compare": "retrain.api.verbs:compare",
    "evaluate": "retrain.api.verbs:evaluate",
    "export": "retrain.api.verbs:export",
    "inspect": "retrain.api.verbs:inspect",
    "load": "retrain.api.trained_run:load",
    "load_module": "retrain.api.modules:load_module",
    "predict": "retrain.api.verbs:predict",
    "sweep": "retrain.api.verbs:sweep",
    "train": "retrain.api.verbs:train",
    "train_and_evaluate": "retrain.training.train_and_evaluate:train_and_evaluate",
}

PACKAGES = ("modules", "sklearn")  # with names of their own

__all__ = [*NAMES, *PACKAGES]


class _PublicName(property):
    """Loads what it is when it is asked for; what completes a line asks for attributes, but no properties."""

    def __init__(self, name: str):
        super().__init__(lambda module: vars(module).get(name) or _loaded(name))
        self.name = name

    def __set__(self, module: types.ModuleType, value: Any) -> None:
        vars(module)[self.name] = value  # as an import of retrain.modules does, or a test

    def __delete__(self, module: types.ModuleType) -> None:
        vars(module).pop(self.name, None)


def _loaded(name: str) -> Any:
    return importlib.import_module(f"retrain.{name}") if name in PACKAGES else named(NAMES[name])


def __dir__() -> list[str]:
    return sorted(__all__)


sys.modules[__name__].__class__ = type(
    "Package", (types.ModuleType,), {name: _PublicName(name) for name in __all__}
)
