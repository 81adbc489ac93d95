"""What `train` does beside its run where it is asked to: copies of results, a judgement of the accuracy."""

import math
import os
import pathlib
import shutil
from collections.abc import Sequence

from absl import logging

from retrain.files import new_directory, new_file
from retrain.label_files import LABELS
from retrain.report.outcome import Outcome
from retrain.runs.run import Run
from retrain.settings.results import ResultSettings

SAVED_MODEL = "saved_model"


def write_copies(settings: ResultSettings, run: Run, exports: Sequence[str]) -> bool:
    """Copies what was asked for, and tells where; whether all of it was there to be copied."""
    if settings.labels_output_file is not None:
        with new_file(settings.labels_output_file) as file:
            file.write((run.path / LABELS).read_bytes())
        print(f"Labels written to {settings.labels_output_file}")
    if settings.saved_model_dir is None:
        return True
    export = run.export(SAVED_MODEL)
    if export not in exports:
        logging.error("There is no export saved_model to copy to %r.", settings.saved_model_dir)
        return False
    place = pathlib.Path(settings.saved_model_dir)
    if settings.version_directory:
        place = place / str(_next_version(place))
    with new_directory(place) as directory:
        shutil.copytree(export, directory, dirs_exist_ok=True)
    print(f"SavedModel exported to {place}")
    return True


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
