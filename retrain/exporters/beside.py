"""The TFLite file that a run wrote beside a module, and what its heads predict: known without TensorFlow."""

import os
from typing import Any

from retrain.errors import InputError
from retrain.exporters.assets import described_tasks
from retrain.extensions import named
from retrain.heads import HEADS
from retrain.settings.module import ModuleSettings

MODEL_FILE = "model.tflite"


def answering_heads(directory: str) -> dict[str, Any]:
    """What the export in this directory predicts, by task, given probabilities."""
    return {
        task: named(HEADS[of.kind].answers)(of.classes, **of.settings)
        for task, of in described_tasks(directory).items()
    }


def wanted_litert(settings: ModuleSettings, export: str) -> str:
    """The directory of the TFLite file to run beside the module; empty where TensorFlow is to compute."""
    beside = "" if settings.engine == "tensorflow" else litert_beside(export)
    if settings.engine == "litert" and not beside:
        raise InputError(
            f"--engine=litert runs the export tflite of a run, and {settings.tfhub_module!r} has none beside "
            f"it: python -m retrain export --model_dir=RUN --export_formats=tflite writes it."
        )
    return beside


def litert_beside(export: str) -> str:
    """The directory of the TFLite file that was exported with this module; empty where there is none."""
    beside = os.path.join(os.path.dirname(os.path.abspath(export)), "tflite")
    if not os.path.isfile(os.path.join(beside, MODEL_FILE)) or _answers(beside) != _answers(export):
        return ""
    return beside if all(HEADS[of.kind].answers for of in described_tasks(beside).values()) else ""


def _answers(directory: str) -> list[tuple[object, ...]]:
    """By what it is known that two exports are of one classifier, but for its weights."""
    tasks = described_tasks(directory)
    return [(task, of.kind, of.classes, dict(of.settings)) for task, of in tasks.items()]
