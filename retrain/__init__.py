"""Turns a folder of images and a pretrained image module into a classifier, which is an image module again.

Importing this package is cheap: a public name loads what it needs when it is first used.
"""

import importlib
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


def __getattr__(name: str) -> Any:
    if name in PACKAGES:
        return importlib.import_module(f"retrain.{name}")
    if name not in NAMES:
        raise AttributeError(f"module 'retrain' has no attribute {name!r}")
    globals()[name] = named(NAMES[name])
    return globals()[name]


def __dir__() -> list[str]:
    return sorted(__all__)
