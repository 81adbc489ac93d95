"""The check of train: all that it was given, parsed into a plan, before TensorFlow is imported."""

import os
from collections.abc import Sequence
from typing import NamedTuple

from retrain.commands.data_plan import DataPlan, check_class_folders, check_outside, plan_data
from retrain.commands.module_check import check_modules, label_map_of
from retrain.data.folder import check_class_count
from retrain.data.label_map import read_label_map
from retrain.errors import InputError
from retrain.exporters import check_installed
from retrain.files import check_is_new
from retrain.heads.figures import find_metric
from retrain.metric import Metric
from retrain.runs.continuing import check_may_run
from retrain.runs.run import Run, run_for
from retrain.runs.warm_start_source import WarmStartSource, find_source
from retrain.settings.config import Config
from retrain.settings.needs import Circumstances
from retrain.settings.results import ResultSettings
from retrain.trackers import check_tracker
from retrain.workers.cluster import Cluster, check_is_here, planned_cluster


class TrainPlan(NamedTuple):
    """What is trained, on what, and where.

    Attributes:
      metric: the figure of validation by which training on images keeps its best step.
      source: the earlier model to begin with, if one was named.
      published: the classes of the module's publisher, where heads begin with his weights.
      cluster: the workers that train together, if there are several.
    """

    config: Config
    data: DataPlan
    metric: Metric
    source: WarmStartSource | None
    published: tuple[str, ...] | None
    run: Run
    cluster: Cluster | None = None


def check(config: Config, words: Sequence[str]) -> TrainPlan:
    """InputError for the first thing that cannot work."""
    plan = plan_training(config, plan_data(config.data))
    check_modules(Circumstances(config, "train", plan.data.listing.given_split))
    check_may_run(plan.run, "train", config, plan.data.class_names)
    check_installed(config.results.export_formats)
    check_copies(config.results)
    cluster = check_cluster(config)
    if cluster is None:
        return plan
    return plan._replace(cluster=cluster, run=Run(plan.run.path, is_others=not cluster.is_chief))


def check_cluster(config: Config) -> Cluster | None:
    """The workers of whom this process is one; InputError where they cannot do what is asked for."""
    cluster = planned_cluster(config.distribution.distribution, os.environ)
    if cluster is None:
        return None
    for name in ("dry_run", "find_learning_rate"):
        if config.value(name):
            raise InputError(
                f"--{name} is done by one process, but {cluster.source} names {cluster.count} workers: give "
                f"--distribution=off, too, and start it once."
            )
    if config.results.model_dir is None:
        raise InputError(
            f"{cluster.source} names {cluster.count} workers, who need one --model_dir that all "
            f"see: name it, the same on each, or give --distribution=off."
        )
    check_is_here(cluster)
    return cluster


def plan_training(config: Config, data: DataPlan) -> TrainPlan:
    """The plan of a training with these settings on these data, of a trial of a sweep, too."""
    check_tracker(config.results.tracker)
    module = config.module
    source = None if module.warm_start_from is None else find_source(module.warm_start_from, module)
    run = run_for(config.results.model_dir, config.data.image_dir)
    check_trainable(data)
    if module.warm_start_head:
        check_class_folders(data)
    check_outside(str(run), data.image_dir)
    return TrainPlan(
        config=config,
        data=data,
        metric=find_metric(
            config.pixels.early_stopping_metric, data.kinds, "figure of --early_stopping_metric"
        ),
        source=source,
        published=read_label_map(label_map_of(module)) if module.warm_start_head else None,
        run=run,
    )


def check_trainable(data: DataPlan) -> None:
    """InputError for class folders of which there is nothing to tell apart."""
    if data.listing.class_folders:
        check_class_count(data.image_dir, data.class_names)


def check_copies(settings: ResultSettings) -> None:
    """InputError where something lies already at a place that was named for a copy."""
    model = settings.saved_model_dir
    if settings.version_directory and os.path.isdir(model):
        model = None  # its versions stay
    files = (settings.labels_output_file, settings.tflite_output_file, settings.output_graph)
    for path, what in ((model, "directory"), *((file, "file") for file in files)):
        if path is not None:
            check_is_new(path, what)
