"""The check of `export`: a run that has ended, and formats that it does not have yet."""

import csv
import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from retrain.errors import InputError
from retrain.examples.split_file import EXAMPLES
from retrain.exporters import EXPORTERS, MODULES, TRAIN, LabelledFiles, check_installed, compared_split
from retrain.exporters.assets import described_tasks
from retrain.image_files import is_file
from retrain.modules.sources.run_directory import how_to_train_again
from retrain.runs.run import FINISHED, Run
from retrain.settings.config import Config


class ExportPlan(NamedTuple):
    """What is exported.

    Attributes:
      run: the run of which it is.
      source: the directory of the export that the classifier is read from.
      train: files of images of the run that are of train, those that are still there.
      compared_on: those of which exports are compared with the model.
    """

    config: Config
    run: Run
    source: str
    train: tuple[str, ...]
    compared_on: LabelledFiles


def check(config: Config, words: Sequence[str]) -> ExportPlan:
    """InputError for a run that cannot be exported, or a format that it has or that misses a package."""
    run, formats = Run(config.results.model_dir), config.results.export_formats
    if run.state != FINISHED:
        raise InputError(
            f"--model_dir={str(run)!r} is no run that has ended: name the directory that train wrote to."
        )
    source = next((run.export(name) for name in MODULES if os.path.isdir(run.export(name))), None)
    if source is None:
        raise InputError(
            f"--model_dir={str(run)!r} has none of the exports {', '.join(MODULES)}, from which others are "
            f"made: train again by {how_to_train_again(str(run))} first."
        )
    check_installed(formats)
    for name in formats:
        if os.path.lexists(run.export(name)):
            raise InputError(
                f"{run.export(name)!r} exists already, and nothing is overwritten: remove what is there."
            )
    images = _images(run)
    train = tuple(image.path for image in images if image.split == TRAIN)
    for name in formats:
        if EXPORTERS[name].is_calibrated and not train:
            raise InputError(
                f"The export format {name} goes by images of training, and none of those that "
                f"{run.file(EXAMPLES)!r} names is there any more: put them back."
            )
    return ExportPlan(config, run, source, train, _compared_on(images, [*described_tasks(source)]))


def _compared_on(images: Sequence["_Image"], tasks: Sequence[str]) -> LabelledFiles:
    split = compared_split({image.split for image in images})
    chosen = [image for image in images if image.split == split]
    cells = {task: [image.cells.get(task) or None for image in chosen] for task in tasks}
    return LabelledFiles(split, [image.path for image in chosen], cells)


class _Image(NamedTuple):
    """Where an image is, and what the run recorded of it."""

    path: str
    split: str
    cells: Mapping[str, str]


def _images(run: Run) -> list[_Image]:
    """Those of a run that are still there."""
    image_dir = run.flags.get("image_dir", "")
    try:
        with open(run.file(EXAMPLES), encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        images = [_Image(os.path.join(image_dir, row["path"]), row["split"], row) for row in rows]
    except (OSError, KeyError):
        return []
    return [image for image in images if is_file(image.path)]
