"""A trial of a sweep that trains on images: a run of its own, in a directory where it goes on if killed."""

import hashlib
import os
from collections.abc import Callable

from retrain.commands.sweep.judging import Judging, Predicted, cost_of, judged, validation_of
from retrain.commands.train.prepared import Prepared
from retrain.commands.train.run import train_model
from retrain.errors import InputError
from retrain.head_search.task_heads import task_splits
from retrain.settings.config import Config, to_flags
from retrain.sweep.record import Record, failed_record

IMAGE_TRIALS = "trials"


def image_trial_directory(run: str, config: Config) -> str:
    """Where a trial that trains on images keeps its checkpoints: it goes on there after a kill."""
    name = hashlib.sha256(to_flags(config, "train").encode()).hexdigest()[:12]
    return os.path.join(run, IMAGE_TRIALS, name)


def image_trial(
    config: Config, prepare: Callable[[Config], Prepared], judging: Judging, image_dir: str, run: str
) -> Record:
    """One trial, as `train` would, but for what it writes at the end; failed where `train` would refuse."""
    directory = image_trial_directory(run, config)
    os.makedirs(directory, exist_ok=True)
    try:
        prepared = prepare(config)
        model, _, features, _ = train_model(config, prepared, image_dir, directory)
    except InputError as error:
        return failed_record({}, str(error))
    unseen, predicted = {}, {}
    for task, head in prepared.heads.items():
        unseen[task] = validation_of(task_splits(prepared.examples, features, task, head))
        kernel, bias = (values[task].numpy() for values in (model.kernels, model.biases))
        predicted[task] = Predicted(unseen[task].features @ kernel + bias, None)
    record = judged(config, prepared.heads, unseen, predicted, judging.objective)
    return record._replace(cost=cost_of(prepared.module) if judging.costs else 0.0)
