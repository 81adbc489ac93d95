"""Candidates that are trained together: their common state, how it advances, and how some of them leave it.

With folds a candidate has a head for each of them: the heads of one fold stand together, candidates in order.
They may be candidates of several tasks, all of which have labels of the same examples.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from retrain.head_search.batches import Centred, batch_order, examples_of, parts
from retrain.head_search.budget import compiling_pays, operations, rows_at_a_time
from retrain.head_search.head_step import (
    Hyperparameters,
    State,
    Steps,
    compiled_train_steps,
    total_losses,
    train_steps,
)
from retrain.head_search.starts import Start
from retrain.head_search.trained_head import TrainedHead
from retrain.heads.head import Head
from retrain.settings.head import HeadSettings

# A strong penalty makes a head less sure of itself before it makes it worse, and sureness can be mended.
TEMPERATURES = np.geomspace(1 / 8, 8, 37, dtype=np.float32)
AS_IT_IS = np.ones(1, np.float32)


class Candidate(NamedTuple):
    """What a head is trained with, the position of the task that it is of, and where it begins."""

    settings: HeadSettings
    task: int = 0
    start: Start | None = None

    @property
    def weighting(self) -> tuple[int, str]:
        """By what the examples are weighted."""
        return self.task, self.settings.class_weights


class CandidateGroup:
    """Candidates, by number, that differ in nothing that a group must share.

    Args:
      head: whose loss they are trained with.
      candidates: by the number under which they are known outside.
      data: with all their weightings.
      validations: one for each fold, or none.
    """

    def __init__(
        self,
        head: Head,
        candidates: Mapping[int, Candidate],
        data: Centred,
        validations: Sequence[Centred],
    ):
        self.head, self.data, self.validations = head, data, validations
        self.numbers = list(candidates)
        self.folds = data.weights.shape[1]
        self.shared = next(iter(candidates.values())).settings
        self.step = 0
        of_all = list(candidates.values())
        self.state = _first_state(head, of_all, data)
        self.hyperparameters = _hyperparameters(head, of_all, data)
        if any(of.start is not None for of in of_all):
            self.hyperparameters = self.hyperparameters._replace(start=self.state.kernel)
        self.losses: list[np.ndarray] = []  # [2, heads], for each entry of the history
        self.steps: list[int] = []

    def advance(self, share: float) -> Iterator[int]:
        """Trains to the first entry of the history after that share of the steps.

        Gives the steps that each of them took.
        """
        compiled = self._is_worth_compiling(share)
        train = compiled_train_steps if compiled else train_steps
        if self.step == 0:
            dropping = compiled or self.shared.dropout_rate > 0
            self.order = batch_order(self.shared, self.data, dropping)
        while self.step < share * self.shared.max_steps:
            until, total = self.step, 0.0
            for examples, begin, until in examples_of(self.data, self.order, self.step):
                self.state, loss = train(
                    self.head,
                    self.hyperparameters,
                    self.state,
                    examples,
                    batches=self.order.batches,
                    steps=Steps(tf.constant(begin), tf.constant(until)),
                )
                total = total + loss
            losses = total / (until - self.step)
            self.losses.append(np.stack([losses, self.validation_losses(AS_IT_IS)[0]]))
            self.steps.append(until)
            yield len(self.numbers) * (until - self.step)
            self.step = until

    def _is_worth_compiling(self, share: float) -> bool:
        """Whether the training to that share of the steps is."""
        examples = (share * self.shared.max_steps - self.step) * self.shared.batch_size
        return compiling_pays(operations(examples, *self.state.kernel.shape))

    def validation_losses(self, temperatures: np.ndarray) -> np.ndarray:
        """The mean loss of each head on validation, [temperatures, heads]; nan where there is none."""
        columns = len(self.numbers) * self.head.num_classes
        if not self.validations:
            return np.full([len(temperatures), self.folds * len(self.numbers)], np.nan, np.float32)
        losses = []
        for fold, data in enumerate(self.validations):
            at = slice(fold * columns, (fold + 1) * columns)
            state = State(*(values[..., at] for values in self.state)) if self.folds > 1 else self.state
            losses.append(_mean_losses(self.head, state, data, self.hyperparameters.task, temperatures))
        return np.concatenate(losses, axis=1)

    def calibrated_losses(self) -> dict[int, float]:
        """The validation loss of each candidate at the temperature that suits it best (Guo et al. 2017).

        The mean over folds; not finite where a candidate diverged, or without validation.
        """
        best = self.validation_losses(TEMPERATURES).min(axis=0)
        return dict(zip(self.numbers, best.reshape(self.folds, -1).mean(axis=0).tolist(), strict=True))

    def heads(self) -> dict[int, TrainedHead]:
        """The heads as they are."""
        shape = (self.folds, len(self.numbers), self.head.num_classes)
        kernels = self.state.kernel.numpy().reshape(-1, *shape).transpose(2, 1, 0, 3)
        with np.errstate(all="ignore"):  # diverged candidates
            biases = self.state.bias.numpy().reshape(shape).transpose(1, 0, 2) - self.data.centre @ kernels
        if self.folds == 1:
            kernels, biases = kernels[:, 0], biases[:, 0]
        losses = np.asarray(self.losses).reshape(len(self.steps), 2, *shape[:2]).mean(axis=2)
        return {
            number: TrainedHead(
                kernel=kernels[place],
                bias=biases[place],
                losses=losses[:, :, place],
                steps=np.asarray(self.steps),
                stopped=None if self.step == self.shared.max_steps else self.step,
            )
            for place, number in enumerate(self.numbers)
        }

    def give_up(self, numbers: Sequence[int]) -> dict[int, TrainedHead]:
        """The heads of these candidates as they are; the group goes on without them and their memory."""
        if not numbers:
            return {}
        heads = self.heads()
        self._keep([number not in numbers for number in self.numbers])
        return {number: heads[number] for number in numbers}

    def _keep(self, kept: Sequence[bool]) -> None:
        classes = self.head.num_classes
        places = np.flatnonzero(kept)
        heads = np.flatnonzero(np.tile(kept, self.folds))
        columns = (heads[:, None] * classes + np.arange(classes)).ravel()
        self.numbers = [self.numbers[place] for place in places]
        self.state = State(*(tf.gather(values, columns, axis=-1) for values in self.state))
        self.losses = [values[:, heads] for values in self.losses]
        self.hyperparameters = _kept(self.hyperparameters, places, heads, columns)


def _mean_losses(
    head: Head, state: State, data: Centred, task: tf.Tensor | None, temperatures: np.ndarray
) -> np.ndarray:
    """[temperatures, heads]."""
    at, examples = tf.constant(temperatures), parts(data, rows_at_a_time(len(state.bias)))
    return sum(total_losses(head, state, part, task, at).numpy() for part in examples) / len(data.labels)


def _first_state(head: Head, candidates: Sequence[Candidate], data: Centred) -> State:
    zeros = Start(np.zeros([len(data.centre), head.num_classes]), np.zeros(head.num_classes))
    starts = [of.start or zeros for of in candidates]
    kernel = np.concatenate([start.kernel for start in starts], axis=1)
    bias = np.concatenate([start.bias + data.centre @ start.kernel for start in starts])
    folds = data.weights.shape[1]
    kernel = tf.tile(tf.constant(kernel, tf.float32), [1, folds])
    bias = tf.tile(tf.constant(bias, tf.float32), [folds])
    return State(kernel, bias, tf.zeros_like(kernel), tf.zeros_like(bias))


def _hyperparameters(head: Head, candidates: Sequence[Candidate], data: Centred) -> Hyperparameters:
    folds, tasks = data.weights.shape[1], np.asarray([of.task for of in candidates], np.int32)

    def by_head(name: str) -> np.ndarray:
        values = np.asarray([getattr(of.settings, name) for of in candidates], np.float32)
        return np.tile(values, folds)

    def columns(values: np.ndarray) -> tf.Tensor:
        return tf.constant(np.repeat(values, head.num_classes))

    rate, smoothing, l1 = by_head("learning_rate"), by_head("label_smoothing"), by_head("l1_regularizer")
    weighting = [data.weightings.index(of.weighting) for of in candidates]
    shifts = None if data.shifts is None else np.concatenate(data.shifts[:, tasks]).T
    with np.errstate(over="ignore"):  # a candidate that will diverge
        return Hyperparameters(
            learning_rate=columns(rate),
            bias_learning_rate=columns(rate * np.float32(data.mean_square)),
            l2=columns(2 * rate * by_head("l2_regularizer")),
            l1=columns(rate * l1) if l1.any() else None,
            label_smoothing=tf.constant(smoothing[:, None]) if smoothing.any() else None,
            weighting=tf.constant(weighting, tf.int32),
            task=tf.constant(np.tile(tasks, folds)) if data.labels.shape[1] > 1 else None,
            shift=None if shifts is None else tf.repeat(shifts, head.num_classes, axis=1),
        )


def _kept(of: Hyperparameters, places: np.ndarray, heads: np.ndarray, columns: np.ndarray) -> Hyperparameters:
    """Those of the candidates at these places, whose heads and columns these are."""
    return Hyperparameters(
        learning_rate=tf.gather(of.learning_rate, columns),
        bias_learning_rate=tf.gather(of.bias_learning_rate, columns),
        l2=tf.gather(of.l2, columns),
        l1=None if of.l1 is None else tf.gather(of.l1, columns),
        label_smoothing=None if of.label_smoothing is None else tf.gather(of.label_smoothing, heads),
        weighting=tf.gather(of.weighting, places),
        task=None if of.task is None else tf.gather(of.task, heads),
        start=None if of.start is None else tf.gather(of.start, columns, axis=1),
        shift=None if of.shift is None else tf.gather(of.shift, columns, axis=1),
    )
