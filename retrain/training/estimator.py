"""Trains, evaluates, predicts with and exports an image classifier, with its checkpoints in one directory.

The contract is tf.estimator's without its graphs.
"""

import inspect
import os
import pathlib
import time
from collections.abc import Callable, Iterator
from typing import Any, NoReturn, Self

import keras
import numpy as np
import tensorflow as tf
from absl import logging

from retrain.errors import InputError
from retrain.exporters import exporter
from retrain.extensions import unknown_name
from retrain.model import ImageClassifier
from retrain.training.checkpoints import Checkpoints
from retrain.training.driver import Action, Driver, StepReport
from retrain.training.evaluation import Figures, figures_of_logits, labelled_logits
from retrain.training.events import TRAIN, Events
from retrain.training.input_check import (
    check_inputs,
    check_is_dataset,
    input_errors,
    with_checked_images,
)
from retrain.training.loss import PLAIN, Loss
from retrain.training.old_arguments import explained, gone
from retrain.training.run_state import RunState
from retrain.training.training_loop import TrainingLoop
from retrain.workers.workers import Workers

InputFn = Callable[..., tf.data.Dataset]

SECONDS_BETWEEN_CHECKPOINTS = 600.0
EVALUATION = "evaluation"  # the name of one that is given none


@explained
class Estimator:
    """A model, its optimizer and its steps, as tf.estimator had them, without its graphs.

    module = retrain.load_module("builtin:")
    model = retrain.ImageClassifier(module, {"kind": ["cat", "dog"]})
    estimator = retrain.Estimator(model, "model_dir").train(input_fn, steps=100)
    estimator.evaluate(input_fn)["accuracy"]

    An `input_fn` returns a tf.data.Dataset of batches (inputs, labels) or (inputs, labels, weights):
      inputs: {"images": float32 [B, H, W, 3] in [0, 1]} or {"features": float32 [B, F]}.
      labels: {task: as its head encodes them}, or those of the only task: of a softmax head the places of
        classes, whole numbers [B]; of a sigmoid head 1, 0 or nan (not known), [B, C].
      weights: [B], or such by task, which count in training only. [B] may be a column [B, 1].
    Others are an InputError. `predict` takes batches of inputs alone, too. An input_fn for training may take
    `first_step`, the step of its first batch: a continued run then draws no batch that was used before.
    Without it the batches of earlier steps are drawn and thrown away.

    Args:
      model: the classifier; under a strategy it must have been made in its scope.
      model_dir: where checkpoints and events go. A checkpoint that is there is continued.
      optimizer: a Keras optimizer; SGD with momentum by default.
      loss: what is minimized.
      strategy: a tf.distribute strategy; the default one by default.
      seed: decides what is dropped out at which step.
      save_checkpoints_steps: checkpoints are saved at multiples of it; None saves every ten minutes. The last
        step is always saved.
      run_state: what the run knows of itself, where something else, such as the optimizer's schedule, reads
        it, too.
      workers: those that train together; by default those of the strategy. The chief's results are written.
    """

    def __init__(
        self,
        model: ImageClassifier,
        model_dir: str | os.PathLike[str],
        optimizer: keras.optimizers.Optimizer | None = None,
        *,
        loss: Loss = PLAIN,
        strategy: tf.distribute.Strategy | None = None,
        seed: int = 0,
        save_checkpoints_steps: int | None = None,
        run_state: RunState | None = None,
        workers: Workers | None = None,
    ):
        _check_tasks(loss, model)
        self.model = model
        self.model_dir = pathlib.Path(model_dir)
        workers = workers or Workers.of(strategy)
        self.workers, self.events = workers, Events(model_dir, workers.is_chief)
        self.save_checkpoints_steps = save_checkpoints_steps
        optimizer = optimizer or keras.optimizers.SGD(0.01, momentum=0.9)
        strategy = strategy or workers.strategy
        self.loop = TrainingLoop(model, optimizer, loss, strategy=strategy, seed=seed, run_state=run_state)
        self.checkpoints = Checkpoints(model_dir, model, optimizer, self.loop.run_state, workers)
        self.checkpoints.restore(self.latest_checkpoint())

    def __getattr__(self, name: str) -> NoReturn:
        raise gone(name)

    @property
    def global_step(self) -> int:
        """How many steps the variables, as they are now, have been trained."""
        return self.loop.global_step

    def latest_checkpoint(self) -> str | None:
        """The path prefix of the newest checkpoint in model_dir, or None."""
        return self.checkpoints.latest()

    @explained
    def train(self, input_fn: InputFn, steps: int | None = None, max_steps: int | None = None) -> Self:
        """Continues from the newest checkpoint for `steps` more, up to `max_steps`, or to the input's end."""
        _check_steps(steps, max_steps)
        self.checkpoints.restore(self.latest_checkpoint())
        stop = max_steps if steps is None else self.global_step + steps
        if stop is not None and self.global_step >= stop:
            logging.info("Skipping training since max_steps has already saved.")
            return self
        self._train(self.loop.batches(positioned(input_fn, self.global_step)), stop)
        return self

    def save_checkpoint(self, global_step: int) -> str:
        """Saves the model as it is, trained for `global_step` steps elsewhere; returns the path prefix."""
        self.loop.run_state.global_step.assign(global_step)
        return self.checkpoints.save()

    @explained
    def evaluate(
        self, input_fn: InputFn, name: str | None = None, checkpoint_path: str | None = None
    ) -> Figures:
        """Figures over all examples, each counted once: the heads' metrics, `loss`, and `global_step`.

        With several tasks the keys of a head end in `/TASK`; `loss` is the weighted sum of the tasks' losses.
        """
        self._restore(checkpoint_path)
        figures = figures_of_logits(self.loop, *labelled_logits(self.loop, input_fn()))
        self.events.write(name or EVALUATION, {self.global_step: figures})
        return figures | {"global_step": self.global_step}

    def eval_dir(self, name: str | None = None) -> pathlib.Path:
        """Where the events of an evaluation of this name go."""
        return self.events.directory(name or EVALUATION)

    @explained
    def predict(self, input_fn: InputFn, checkpoint_path: str | None = None) -> Iterator[dict[Any, Any]]:
        """One dict an example: `logits`, `probabilities` and `classes` (the label predicted).

        With several tasks the keys are (task, key), as tf.estimator's MultiHead gave them.
        """
        self._restore(checkpoint_path)
        batches = input_fn()
        check_inputs(batches, self.model)
        with input_errors():
            for inputs in with_checked_images(batches):
                columns = self._prediction_columns(inputs[0] if isinstance(inputs, tuple) else inputs)
                for row in zip(*columns.values(), strict=True):
                    yield dict(zip(columns, row, strict=True))

    @explained
    def export_saved_model(
        self, export_dir_base: str | os.PathLike[str], checkpoint_path: str | None = None
    ) -> str:
        """Writes and returns a new directory `export_dir_base`/<unix seconds>, as TensorFlow Serving asks."""
        checkpoint_path = checkpoint_path or self.latest_checkpoint()
        if checkpoint_path is None:
            raise ValueError(f"Couldn't find trained model at {str(self.model_dir)!r}.")
        self.checkpoints.restore(checkpoint_path)
        directory = _unused_second(pathlib.Path(export_dir_base))
        exporter("saved_model")(self.model, directory)
        return directory

    def _train(self, batches: Iterator[Any], stop: int | None) -> None:
        """Trains up to `stop` or the input's end, and saves checkpoints on the way and at the end."""
        start, losses, every = self.global_step, {}, self.save_checkpoints_steps

        def note(report: StepReport) -> None:
            if not np.isfinite(report.loss):
                raise InputError(
                    f"The loss is {report.loss} at step {report.step}: training has diverged; give the "
                    f"optimizer a lower learning rate."
                )
            losses[report.step] = {"loss": report.loss}

        def save(report: StepReport) -> None:
            self.events.write(TRAIN, losses)
            losses.clear()
            self.checkpoints.save()
            if report.step != stop:
                self.checkpoints.detach()

        seconds = None if every else SECONDS_BETWEEN_CHECKPOINTS
        self.checkpoints.detach()
        with input_errors():
            actions = [Action(note), Action(save, every, seconds, at_end=True)]
            Driver(self.loop, actions, workers=self.workers).run(batches, stop)
        if self.global_step > start:
            logging.info("Loss for final step: %.6g.", float(self.loop.last_loss.numpy()))

    def _prediction_columns(self, inputs: dict[str, tf.Tensor]) -> dict[Any, Any]:
        by_task = {}
        for task, (logits, probabilities) in self.loop.predictions(inputs).items():
            classes = self.model.heads[task].predicted(probabilities.numpy())
            by_task[task] = {
                "logits": logits.numpy(),
                "probabilities": probabilities.numpy(),
                "classes": classes,
            }
        if len(by_task) == 1:
            return by_task[self.model.primary_task]
        return {(task, key): values for task, of_task in by_task.items() for key, values in of_task.items()}

    def _restore(self, checkpoint_path: str | None) -> None:
        path = checkpoint_path or self.latest_checkpoint()
        if path is None:
            logging.info("No checkpoint in %s: the model is used as it is.", self.model_dir)
        self.checkpoints.restore(path)


def _check_tasks(loss: Loss, model: ImageClassifier) -> None:
    for task in loss.task_weights:
        if task not in model.heads:
            raise InputError(unknown_name(task, model.heads, "task of the model to have a weight"))


def _check_steps(steps: int | None, max_steps: int | None) -> None:
    if steps is not None and max_steps is not None:
        raise ValueError("Give steps (more of them) or max_steps (in all), not both.")
    for name, value in (("steps", steps), ("max_steps", max_steps)):
        if value is not None and value <= 0:
            raise ValueError(f"{name} must be above 0, but is {value}.")


def positioned(input_fn: InputFn, first_step: int) -> tf.data.Dataset:
    """The batches from that of a step on."""
    if "first_step" in inspect.signature(input_fn).parameters:
        return input_fn(first_step=first_step)
    batches = input_fn()
    check_is_dataset(batches)
    return batches.skip(first_step)


def _unused_second(base: pathlib.Path) -> str:
    second = int(time.time())
    while (base / str(second)).exists():
        second += 1
    return str(base / str(second))
