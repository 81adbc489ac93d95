"""What `train` does beside its run where it is asked to: copies of results, a judgement of the accuracy."""

import math
import os
import pathlib
import shutil
from collections.abc import Sequence

from absl import logging

from retrain.files import new_directory, new_file
from retrain.label_files import LABELS
from retrain.printable import say
from retrain.report.outcome import Outcome
from retrain.runs.run import Run
from retrain.settings.results import ResultSettings

SAVED_MODEL = "saved_model"
FILES = {"tflite": "model.tflite", "frozen_graph": "model.pb"}
TITLES = {SAVED_MODEL: "SavedModel", "tflite": "TFLite model", "frozen_graph": "Frozen graph"}


def formats_of(settings: ResultSettings) -> tuple[str, ...]:
    """The formats to export: those that were named, and those of which a copy is asked for."""
    copied = [name for name, path in _files(settings).items() if path is not None]
    return tuple(dict.fromkeys([*settings.export_formats, *copied]))


def write_copies(settings: ResultSettings, run: Run, exports: Sequence[str]) -> bool:
    """Copies what was asked for, and tells where; whether all of it was there to be copied."""
    if settings.labels_output_file is not None:
        _copy(run.path / LABELS, settings.labels_output_file)
        say(f"Labels written to {settings.labels_output_file}")
    wanted = {SAVED_MODEL: settings.saved_model_dir, **_files(settings)}
    wanted = {name: path for name, path in wanted.items() if path is not None}
    missing = [name for name in wanted if run.export(name) not in exports]
    for name in missing:
        logging.error("There is no export %s to copy to %r.", name, wanted[name])
    for name in [name for name in wanted if name not in missing]:
        if name == SAVED_MODEL:
            place = _saved_model_copied(settings, run)
        else:
            place = wanted[name]
            _copy(pathlib.Path(run.export(name), FILES[name]), place)
        say(f"{TITLES[name]} exported to {place}")
    return not missing


def _files(settings: ResultSettings) -> dict[str, str | None]:
    """By format where a copy of its file goes."""
    return {"tflite": settings.tflite_output_file, "frozen_graph": settings.output_graph}


def _copy(file: pathlib.Path, path: str) -> None:
    with new_file(path) as copy:
        copy.write(file.read_bytes())


def _saved_model_copied(settings: ResultSettings, run: Run) -> pathlib.Path:
    place = pathlib.Path(settings.saved_model_dir)
    if settings.version_directory:
        place = place / str(_next_version(place))
    with new_directory(place) as directory:
        shutil.copytree(run.export(SAVED_MODEL), directory, dirs_exist_ok=True)
    return place


def _next_version(directory: pathlib.Path) -> int:
    """The number of the version that follows on those that are there."""
    names = os.listdir(directory) if directory.is_dir() else []
    return 1 + max((int(name) for name in names if name.isascii() and name.isdigit()), default=0)


def is_accurate(settings: ResultSettings, outcome: Outcome) -> bool:
    """Whether the accuracy of the first task on test images is what was asked for; else that is logged."""
    least = settings.assert_accuracy_at_least
    if least is None:
        return True
    accuracy = outcome.figures.get("test", {}).get(f"accuracy{outcome.suffix(outcome.primary_task)}")
    if accuracy is None or math.isnan(accuracy):
        logging.error("--assert_accuracy_at_least=%g: no test image has a label to judge by.", least)
        return False
    if accuracy < least:
        logging.error(
            "--assert_accuracy_at_least=%g: the test accuracy is %.4f, which is lower.", least, accuracy
        )
    return accuracy >= least
