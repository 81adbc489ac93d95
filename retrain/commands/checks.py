"""The checks of evaluate, predict and inspect: what they were given, parsed without TensorFlow."""

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from absl import logging

from retrain.commands.data_plan import DataPlan, check_class_folders, check_outside, plan_data
from retrain.commands.module_check import check_modules, label_map_of, local_directory
from retrain.data.label_map import label_indices, read_label_map
from retrain.data.listing import EXTENSIONS, LONGEST, format_of, images_below
from retrain.errors import InputError
from retrain.export.assets import check_is_classifier, described_tasks
from retrain.runs.continuing import check_may_run
from retrain.runs.run import Run, run_for
from retrain.settings.config import Config
from retrain.settings.needs import Circumstances


class Published(NamedTuple):
    """The classes that a module was published with, and the index of the one that each label means."""

    class_names: tuple[str, ...]
    indices: Mapping[str, int]


class EvaluatePlan(NamedTuple):
    """What is evaluated; `published` where the classes are those of a label map, and not of an export."""

    config: Config
    data: DataPlan
    published: Published | None
    run: Run


class PredictPlan(NamedTuple):
    """What is predicted: image files, folders replaced by what is in them."""

    config: Config
    files: tuple[str, ...]
    run: None = None


class InspectPlan(NamedTuple):
    """What is inspected."""

    config: Config
    run: None = None


def check_evaluate(config: Config, words: Sequence[str]) -> EvaluatePlan:
    """InputError for labels that the classifier does not know, where its files tell."""
    check_modules(Circumstances(config, "evaluate"))
    run = run_for(config.results.model_dir, config.data.image_dir)
    handle, published = config.module.tfhub_module, None
    label_map = label_map_of(config.module)
    export = None if label_map else local_directory(handle)
    if export:
        check_is_classifier(export, handle)
    data = plan_data(config.data)
    if label_map is not None:
        published = _published(label_map, data)
    elif export:
        check_known_labels(handle, {task: of.classes for task, of in described_tasks(export).items()}, data)
    check_outside(str(run), data.image_dir)
    check_may_run(run, "evaluate", config, data.class_names)
    return EvaluatePlan(config, data, published, run)


def check_predict(config: Config, words: Sequence[str]) -> PredictPlan:
    """InputError when no file can be an image."""
    check_modules(Circumstances(config, "predict"))
    handle, output = config.module.tfhub_module, config.results.output
    if export := local_directory(handle):
        check_is_classifier(export, handle)
    if output is not None and os.path.exists(output):
        raise InputError(f"--output={output!r} exists, and nothing is overwritten: name a new file.")
    files = _image_files(words)
    # TensorFlow takes seconds to load.
    logging.info("Images to classify with %s: %d.", handle, len(files))
    return PredictPlan(config, files)


def check_inspect(config: Config, words: Sequence[str]) -> InspectPlan:
    """InputError for a handle that names no module."""
    check_modules(Circumstances(config, "inspect"))
    return InspectPlan(config)


def check_known_labels(handle: str, classes: Mapping[str, Sequence[str]], data: DataPlan) -> None:
    """InputError for a label that a classifier does not know; `classes` are its own, by task."""
    if data.listing.class_folders:
        primary = next(iter(classes.values()))
        unknown = [name for name in data.class_names if name not in primary]
        if unknown:
            raise InputError(
                f"The classifier {handle!r} does not know the class {unknown[0]!r} of this folder; it knows "
                f"{_listed(primary)}. Rename or remove the class folder."
            )
        return
    table, columns = data.settings.labels_file, data.listing.columns
    if not set(columns) & set(classes):
        raise InputError(
            f"The classifier {handle!r} has the tasks {_listed(classes)}, and --labels_file={table!r} has "
            f"labels of {_listed(columns)}: rename its columns."
        )
    for task in [task for task in classes if task in columns]:
        unknown = [name for name in columns[task].names if name not in classes[task]]
        if unknown:
            raise InputError(
                f"The classifier {handle!r} does not know the label {unknown[0]!r} in column {task!r} of "
                f"--labels_file={table!r}; it knows {_listed(classes[task])}: mend it, or empty the cell."
            )


def _listed(names: Sequence[str] | Mapping[str, object]) -> str:
    return ", ".join(map(repr, names))


def _published(label_map: str, data: DataPlan) -> Published:
    check_class_folders(data)
    labels = read_label_map(label_map)
    return Published(labels, label_indices(data.class_names, labels, label_map))


def _image_files(names: Sequence[str]) -> tuple[str, ...]:
    """The files named, and the images in the folders named, at any depth; InputError where none is one."""
    found: list[str] = []
    for name in names:
        if not os.path.exists(name):
            raise InputError(f"{name!r} does not exist, but an image or a folder of images was expected.")
        found += _images_in(name) if os.path.isdir(name) else [name]
    for path in found:
        if path.encode("utf-8", "replace").decode() != path:
            raise InputError(
                f"{os.fsencode(path)!r} is not UTF-8, as the name of a file was expected to be: rename it."
            )
    if not any(map(_may_be_image, found)):
        raise InputError(f"None of the {len(found)} files is an image that can be decoded.")
    return tuple(found)


def _may_be_image(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return bool(format_of(file.read(LONGEST)))
    except OSError:
        return False


def _images_in(name: str) -> list[str]:
    parent, folder = os.path.split(os.path.abspath(name))
    paths, _ = images_below(parent, folder)
    if not paths:
        raise InputError(f"{name!r} holds no images ({', '.join(EXTENSIONS)}): name a folder that does.")
    return [os.path.join(name, os.path.relpath(path, folder)) for path in paths]
