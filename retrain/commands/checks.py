"""The checks of evaluate, inspect and compare: what they were given, parsed without TensorFlow."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from absl import logging

from retrain.commands.data_plan import DataPlan, check_class_folders, check_outside, plan_data
from retrain.commands.module_check import check_modules, label_map_of, local_classifier
from retrain.data.class_twins import twin_key
from retrain.data.label_map import label_indices, read_label_map
from retrain.data.listing import TASK
from retrain.errors import InputError
from retrain.exporters.assets import described_tasks
from retrain.extensions import nearest
from retrain.runs.continuing import check_may_run
from retrain.runs.finished_runs import finished_runs
from retrain.runs.run import Run, run_for
from retrain.settings.config import Config
from retrain.settings.needs import Circumstances

COMPARISON = "comparison"  # what the directory of one is called, before the time
SHOWN_CLASSES = 20


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


class InspectPlan(NamedTuple):
    """What is inspected."""

    config: Config
    run: None = None


class ComparePlan(NamedTuple):
    """The runs that are compared, and where that is written."""

    config: Config
    runs: Sequence[Run]
    run: Run


def check_evaluate(config: Config, words: Sequence[str]) -> EvaluatePlan:
    """InputError for labels that the classifier does not know, where its files tell."""
    check_modules(Circumstances(config, "evaluate"))
    run = run_for(config.results.model_dir, config.data.image_dir)
    handle, published = config.module.tfhub_module, None
    label_map = label_map_of(config.module)
    export = None if label_map else local_classifier(handle)
    data = plan_data(config.data)
    if label_map is not None:
        published = _published(label_map, data)
    elif export:
        classes = {task: of.classes for task, of in described_tasks(export).items()}
        data = _with_the_one_task(data, classes)
        check_known_labels(handle, classes, data)
    check_outside(str(run), data.image_dir)
    check_may_run(run, "evaluate", config, data.class_names)
    return EvaluatePlan(config, data, published, run)


def check_inspect(config: Config, words: Sequence[str]) -> InspectPlan:
    """InputError for a handle that names no module."""
    check_modules(Circumstances(config, "inspect"))
    return InspectPlan(config)


def check_compare(config: Config, words: Sequence[str]) -> ComparePlan:
    """InputError for what is no run, or for fewer than two of them."""
    runs = finished_runs(words)
    if len(runs) < 2:
        found = f"{str(runs[0])!r} alone was" if runs else "none was"
        raise InputError(
            f"compare takes two runs or more, or a folder of them, but {found} given: write "
            "python -m retrain compare RUN RUN."
        )
    run = run_for(config.results.model_dir, COMPARISON)
    check_may_run(run, "compare", config, ())
    return ComparePlan(config, runs, run)


def _with_the_one_task(data: DataPlan, classes: Mapping[str, Sequence[str]]) -> DataPlan:
    """With a table's one column called as the classifier's one task, of which it has labels; told."""
    if data.listing.class_folders or data.has_one_task or not len(data.listing.columns) == len(classes) == 1:
        return data
    (task, known), (name, column) = next(iter(classes.items())), next(iter(data.listing.columns.items()))
    if name == task or not set(column.names) <= set(known):
        return data
    logging.info("Column %r holds labels of the classifier's one task, %r.", name, task)
    listing = dataclasses.replace(data.listing, columns={task: column})
    return data._replace(listing=listing, kinds={task: data.kinds[name]})


def check_known_labels(handle: str, classes: Mapping[str, Sequence[str]], data: DataPlan) -> None:
    """InputError for a label that a classifier does not know; `classes` are its own, by task."""
    if data.listing.class_folders:
        primary = next(iter(classes.values()))
        unknown = [name for name in data.class_names if name not in primary]
        if unknown:
            raise InputError(
                f"The classifier {handle!r} does not know the class {unknown[0]!r} of this folder; it knows "
                f"{_known(primary, unknown[0])}. Rename or remove the class folder."
            )
        return
    where, columns = data.settings.where_labels_are, data.listing.columns
    if data.has_one_task:
        columns = {next(iter(classes)): columns[TASK]}
    if not set(columns) & set(classes):
        raise InputError(
            f"The classifier {handle!r} has the tasks {_listed(classes)}, and {where} has "
            f"labels of {_listed(columns)}: rename its columns."
        )
    for task in [task for task in classes if task in columns]:
        unknown = [name for name in columns[task].names if name not in classes[task]]
        if unknown:
            raise InputError(
                f"The classifier {handle!r} does not know the label {unknown[0]!r} in column {task!r} of "
                f"{where}; it knows {_known(classes[task], unknown[0])}: mend it, or "
                f"empty the cell."
            )


def _known(classes: Sequence[str], unknown: str) -> str:
    """Some of many classes, and the one that was probably meant."""
    of_many = f", ... ({len(classes)} in all)" if len(classes) > SHOWN_CLASSES else ""
    twin = {twin_key(name): name for name in classes}.get(twin_key(unknown))
    meant = twin or nearest(unknown, classes)
    return _listed(classes[:SHOWN_CLASSES]) + of_many + (f" (did you mean {meant!r}?)" if meant else "")


def _listed(names: Sequence[str] | Mapping[str, object]) -> str:
    return ", ".join(map(repr, names))


def _published(label_map: str, data: DataPlan) -> Published:
    check_class_folders(data)
    labels = read_label_map(label_map)
    return Published(labels, label_indices(data.class_names, labels, label_map))
