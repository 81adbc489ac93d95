"""Trains, evaluates, predicts with and exports an image classifier, with its checkpoints in one directory.

The contract is tf.estimator's without its graphs. An `input_fn` returns a tf.data.Dataset of batches:
(inputs, labels) or (inputs, labels, weights), with inputs = {"images": float32 [B, H, W, 3]} or
{"features": float32 [B, F]}, labels = {task: as its head encodes them}, weights float32 [B]; `predict` takes batches
of inputs alone, too. An input_fn for training may take `first_step`, the step of its first batch: a continued run then
draws no batch that was used before. Without it the batches of earlier steps are drawn and thrown away.
"""

import inspect
import os
import pathlib
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf
from absl import logging

from retrain import extensions
from retrain.errors import InputError
from retrain.export import EXPORTERS
from retrain.model import ImageClassifier
from retrain.training.summaries import write_scalars
from retrain.training.training_loop import Penalties, TrainingLoop

InputFn = Callable[..., tf.data.Dataset]
Figures = dict[str, Any]

KEPT_CHECKPOINTS = 5
SECONDS_BETWEEN_CHECKPOINTS = 600.0


class Estimator:
    """A model, its optimizer and its steps.

    Args:
      model: the classifier; under a strategy it must have been made in its scope.
      model_dir: where checkpoints and events go. A checkpoint that is there is continued.
      optimizer: a Keras optimizer; SGD with momentum by default.
      strategy: a tf.distribute strategy; the default one by default.
      seed: decides what is dropped out at which step.
      label_smoothing, penalties: parts of the training loss, not of evaluation's.
      save_checkpoints_steps: steps between checkpoints; None saves every ten minutes. The last step is always saved.
    """

    def __init__(
        self,
        model: ImageClassifier,
        model_dir: str | os.PathLike[str],
        optimizer: keras.optimizers.Optimizer | None = None,
        *,
        strategy: tf.distribute.Strategy | None = None,
        seed: int = 0,
        label_smoothing: float = 0.0,
        penalties: Penalties = Penalties(),
        save_checkpoints_steps: int | None = None,
    ):
        self.model = model
        self.model_dir = pathlib.Path(model_dir)
        self.save_checkpoints_steps = save_checkpoints_steps
        self.loop = TrainingLoop(
            model,
            optimizer or keras.optimizers.SGD(0.01, momentum=0.9),
            strategy or tf.distribute.get_strategy(),
            seed,
            label_smoothing,
            penalties,
        )
        self._checkpoint = tf.train.Checkpoint(
            model=model, optimizer=self.loop.optimizer, global_step=self.loop.global_step
        )
        self._manager = tf.train.CheckpointManager(self._checkpoint, str(model_dir), KEPT_CHECKPOINTS)
        self._restored: str | None = None

    @property
    def global_step(self) -> int:
        return int(self.loop.global_step.numpy())

    def latest_checkpoint(self) -> str | None:
        """The path prefix of the newest checkpoint in model_dir, or None."""
        return tf.train.latest_checkpoint(str(self.model_dir))

    def train(self, input_fn: InputFn, steps: int | None = None, max_steps: int | None = None) -> Self:
        """Continues from the newest checkpoint for `steps` more, or up to `max_steps`, or until the input ends."""
        self._restore(self.latest_checkpoint())
        stop = _last_step(self.global_step, steps, max_steps)
        if stop is not None and self.global_step >= stop:
            logging.info("Skipping training since max_steps has already saved.")
            return self
        batches = self.loop.batches(_positioned(input_fn, self.global_step))
        while not self._train_until_checkpoint(batches, stop):
            pass
        return self

    def save_checkpoint(self, global_step: int | None = None) -> str:
        """Saves the model as it is, at `global_step` where it did not come from this Estimator's own steps."""
        if global_step is not None:
            self.loop.global_step.assign(global_step)
        self._restored = self._manager.save(self.global_step)
        return self._restored

    def evaluate(
        self, input_fn: InputFn, name: str | None = None, checkpoint_path: str | None = None
    ) -> Figures:
        """Figures over all examples, each counted once: the heads' metrics, `loss`, and `global_step`.

        With several tasks the keys of a head end in `/TASK`, and `loss` is the sum of the tasks' losses.
        """
        self._restore(checkpoint_path or self.latest_checkpoint())
        labels, probabilities = self._labelled_probabilities(input_fn)
        figures: Figures = {}
        for task, head in self.model.heads.items():
            suffix = f"/{task}" if len(self.model.heads) > 1 else ""
            task_figures = head.metrics(labels[task], probabilities[task])
            figures |= {key + suffix: value for key, value in task_figures.items()}
        figures["loss"] = sum(value for key, value in figures.items() if key.startswith("average_loss"))
        figures["global_step"] = self.global_step
        scalars = {key: value for key, value in figures.items() if isinstance(value, float)}
        write_scalars(self.eval_dir(name), {self.global_step: scalars})
        return figures

    def eval_dir(self, name: str | None = None) -> pathlib.Path:
        """Where the events of an evaluation of this name go."""
        return self.model_dir / (f"eval_{name}" if name else "eval")

    def predict(self, input_fn: InputFn, checkpoint_path: str | None = None) -> Iterator[dict[str, Any]]:
        """One dict an example: `logits`, `probabilities` and `classes` (the label predicted).

        With several tasks the keys are (task, key), as tf.estimator's MultiHead gave them.
        """
        self._restore(checkpoint_path or self.latest_checkpoint())
        several = len(self.model.heads) > 1
        for inputs in input_fn():
            by_task = self.loop.predictions(inputs[0] if isinstance(inputs, tuple) else inputs)
            columns: dict[Any, Any] = {}
            for task, head in self.model.heads.items():
                logits, probabilities = (tensor.numpy() for tensor in by_task[task])
                values = {
                    "logits": logits,
                    "probabilities": probabilities,
                    "classes": head.predicted(probabilities),
                }
                columns |= {((task, key) if several else key): value for key, value in values.items()}
            for row in zip(*columns.values(), strict=True):
                yield dict(zip(columns, row, strict=True))

    def export_saved_model(
        self, export_dir_base: str | os.PathLike[str], checkpoint_path: str | None = None
    ) -> str:
        """Writes a new directory `export_dir_base`/<unix seconds>, as TensorFlow Serving expects, and returns it."""
        checkpoint_path = checkpoint_path or self.latest_checkpoint()
        if checkpoint_path is None:
            raise ValueError(f"Couldn't find trained model at {str(self.model_dir)!r}.")
        self._restore(checkpoint_path)
        directory = _unused_second(pathlib.Path(export_dir_base))
        extensions.load(EXPORTERS, "saved_model", "export format")(self.model, directory)
        return directory

    def _train_until_checkpoint(self, batches: Iterator[Any], stop: int | None) -> bool:
        """Trains up to the next checkpoint and saves it; whether that was the end."""
        started, losses, ended = time.monotonic(), {}, False
        due = None if self.save_checkpoints_steps is None else self.global_step + self.save_checkpoints_steps
        pause = min((bound for bound in (due, stop) if bound is not None), default=None)
        while not ended and (pause is None or self.global_step < pause):
            ended = self.loop.advance(batches, None if pause is None else pause - self.global_step)
            losses[self.global_step] = {"loss": self._finite_loss()}
            if due is None and time.monotonic() - started > SECONDS_BETWEEN_CHECKPOINTS:
                break
        write_scalars(self.model_dir, losses)
        self.save_checkpoint()
        ended = ended or self.global_step == stop
        if ended:
            logging.info("Loss for final step: %.6g.", self.loop.last_loss)
        return ended

    def _finite_loss(self) -> float:
        loss = float(self.loop.last_loss)
        if not np.isfinite(loss):
            raise InputError(
                f"The loss is {loss} at step {self.global_step}: training has diverged; use a lower --learning_rate."
            )
        return loss

    def _labelled_probabilities(
        self, input_fn: InputFn
    ) -> tuple[Mapping[str, np.ndarray], Mapping[str, np.ndarray]]:
        labels: dict[str, list[np.ndarray]] = {task: [] for task in self.model.heads}
        probabilities: dict[str, list[np.ndarray]] = {task: [] for task in self.model.heads}
        for inputs, batch_labels, *_ in input_fn():
            for task, (_, values) in self.loop.predictions(inputs).items():
                labels[task].append(np.asarray(batch_labels[task]))
                probabilities[task].append(values.numpy())
        if not all(labels.values()):
            raise InputError("Evaluation needs at least one example, but the input was empty.")
        return _joined(labels), _joined(probabilities)

    def _restore(self, checkpoint_path: str | None) -> None:
        if checkpoint_path is None:
            if self.global_step == 0:
                logging.info("No checkpoint in %s: the model is used as it is.", self.model_dir)
        elif checkpoint_path != self._restored:
            self._checkpoint.restore(checkpoint_path).assert_existing_objects_matched()
            self._restored = checkpoint_path


def _last_step(global_step: int, steps: int | None, max_steps: int | None) -> int | None:
    if steps is not None and max_steps is not None:
        raise ValueError("Give steps (more of them) or max_steps (in all), not both.")
    for name, value in (("steps", steps), ("max_steps", max_steps)):
        if value is not None and value <= 0:
            raise ValueError(f"{name} must be above 0, but is {value}.")
    return max_steps if steps is None else global_step + steps


def _positioned(input_fn: InputFn, first_step: int) -> tf.data.Dataset:
    if "first_step" in inspect.signature(input_fn).parameters:
        return input_fn(first_step=first_step)
    return input_fn().skip(first_step)


def _joined(parts: Mapping[str, list[np.ndarray]]) -> dict[str, np.ndarray]:
    return {task: np.concatenate(arrays) for task, arrays in parts.items()}


def _unused_second(base: pathlib.Path) -> str:
    second = int(time.time())
    while (base / str(second)).exists():
        second += 1
    return str(base / str(second))
