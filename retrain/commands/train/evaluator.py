"""What an evaluator does beside the workers: it evaluates each checkpoint that the chief saves.

Training needs none: the chief evaluates by itself what decides which step is the best. The figures are events
of their own, `evaluator`, of the classifier as it is trained: neither calibrated nor averaged.
"""

import time
from collections.abc import Callable, Iterator

import keras
import tensorflow as tf
from absl import logging

from retrain.commands.train.base import load_base
from retrain.commands.train.check import TrainPlan
from retrain.commands.train.decoding import decoding_of
from retrain.commands.train.prepare import list_examples, split_examples
from retrain.errors import InputError, LostWorkerError
from retrain.examples.image_batches import validation_batches
from retrain.model import ImageClassifier
from retrain.runs.run import FINISHED, Run
from retrain.training.checkpoints import PREFIX
from retrain.training.evaluation import figures_of_logits, labelled_logits, told
from retrain.training.events import Events
from retrain.training.loss import Loss
from retrain.training.training_loop import TrainingLoop

EVALUATOR = "evaluator"  # the name of its events
SECONDS_BETWEEN_LOOKS = 1.0


def evaluate_checkpoints(plan: TrainPlan, sleep: Callable[[float], None] = time.sleep) -> None:
    """Until the run has ended; LostWorkerError where no checkpoint comes for --worker_timeout seconds."""
    steps, events = _steps(plan.run, plan.config.distribution.worker_timeout, sleep), Events(plan.run.path)
    loop = held_out = None
    for step in steps:
        if loop is None:  # the first checkpoint is there, and so is the record of the examples
            loop, held_out = _loop(plan)
        try:
            place = plan.run.path / f"ckpt-{step}" / PREFIX
            tf.train.Checkpoint(model=loop.model).read(str(place)).expect_partial()
        except tf.errors.NotFoundError:  # removed meanwhile, as old ones are
            continue
        figures = figures_of_logits(loop, *labelled_logits(loop, held_out))
        events.write(EVALUATOR, {step: figures})
        logging.info("Step %d: %s.", step, told(figures))


def _steps(run: Run, seconds: float, sleep: Callable[[float], None]) -> Iterator[int]:
    """The step of each checkpoint, once."""
    seen: set[int] = set()
    since = time.monotonic()
    while True:
        is_over = run.state == FINISHED  # asked first: what comes before the end is evaluated
        new = sorted(set(run.steps_saved) - seen)
        yield from new
        seen.update(new)
        if is_over:
            return
        since = time.monotonic() if new else since
        if time.monotonic() - since > seconds:
            raise LostWorkerError(
                f"No checkpoint has come to {str(run)!r} within --worker_timeout={seconds:g} seconds: see "
                f"whether the chief is at work, and start this evaluator again."
            )
        sleep(SECONDS_BETWEEN_LOOKS)


def _loop(plan: TrainPlan) -> tuple[TrainingLoop, tf.data.Dataset]:
    """A model like the one that is trained, and the validation images."""
    base, listed = load_base(plan), list_examples(plan, decoding_of(plan))
    examples = split_examples(plan, listed.examples, listed.recorded)
    held_out = examples.split("validation")
    if not len(held_out):
        raise InputError(
            f"An evaluator evaluates the validation images, but {str(plan.run)!r} keeps none: start the "
            f"workers alone."
        )
    model = ImageClassifier(base.module, examples.heads, decoding=examples.decoding)
    loop = TrainingLoop(model, keras.optimizers.SGD(), Loss(task_weights=examples.task_weights))
    return loop, validation_batches(held_out, model.image_size)
