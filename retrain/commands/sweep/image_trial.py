"""A trial of a sweep that trains on images: a run of its own, in a directory where it goes on if killed."""

import hashlib
from collections.abc import Callable

from retrain.commands.sweep.judging import Judging, Predicted, Unseen, judged, validation_of
from retrain.commands.train.check import TrainPlan
from retrain.commands.train.prepare import Prepared
from retrain.commands.train.run import train_model
from retrain.errors import InputError, RefusedError
from retrain.runs.run import Run
from retrain.settings.config import Config, to_flags
from retrain.studies.record import Record, failed_record

IMAGE_TRIALS = "trials"


def image_trial_run(run: Run, config: Config) -> Run:
    """Where a trial that trains on images keeps its checkpoints: it goes on there after a kill."""
    name = hashlib.sha256(to_flags(config, "train").encode()).hexdigest()[:12]
    return Run(run.path / IMAGE_TRIALS / name)


def image_trial(
    plan: TrainPlan, preparing: Callable[[TrainPlan], Prepared], judging: Judging, run: Run
) -> Record:
    """One trial, as `train` would, but for what it writes at the end; failed where `train` would refuse."""
    plan = plan._replace(run=image_trial_run(run, plan.config))
    plan.run.path.mkdir(parents=True, exist_ok=True)
    try:
        prepared = preparing(plan)
        trained = train_model(plan, prepared)
    except RefusedError:  # nothing of the trial's own: it will be run again
        raise
    except InputError as error:
        return failed_record({}, str(error))
    model, unseen, predicted = trained.model, {}, {}
    for task in trained.examples.tasks:
        unseen[task] = validation_of(trained.examples.by_split(task))
        kernel, bias = (values[task].numpy() for values in (model.kernels, model.biases))
        predicted[task] = Predicted(unseen[task].features @ kernel + bias)
    calibrate = plan.config.head.calibrate
    record = judged(trained.examples, Unseen(unseen, predicted), judging.metric, calibrate)
    return record._replace(cost=judging.cost_of(prepared.module))
