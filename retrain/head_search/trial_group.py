"""Trials that are trained together: their common state, how it advances, and how some of them leave it.

With folds a trial has a head for each of them: the heads of one fold stand together, trials in order.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import tensorflow as tf

from retrain.head_search.head_step import Settings, State, compiled_train_steps, total_losses, train_steps
from retrain.head_search.trial import Start, TrainedHead, Trial
from retrain.head_search.trial_batches import Centred, batch_order, examples_of, parts
from retrain.head_search.trial_plan import compiling_pays, operations
from retrain.heads.head import Head

# A strong penalty makes a head less sure of itself before it makes it worse, and sureness can be mended.
TEMPERATURES = np.geomspace(1 / 8, 8, 37, dtype=np.float32)
AS_IT_IS = np.ones(1, np.float32)


class TrialGroup:
    """Trials, by number, that differ in nothing that a group must share.

    Args:
      trials: by the number under which they are known outside.
      weightings: for each of them, which of the weightings in `data` it has.
      validations: one for each fold, or none.
    """

    def __init__(
        self,
        head: Head,
        trials: Mapping[int, Trial],
        weightings: Sequence[int],
        data: Centred,
        validations: Sequence[Centred],
        start: Start | None,
    ):
        self.head, self.data, self.validations = head, data, validations
        self.numbers = list(trials)
        self.folds = data.weights.shape[1]
        self.shared = next(iter(trials.values()))
        self.step = 0
        self.state, self.settings = _begin(head, list(trials.values()), weightings, data, start)
        self.readings: list[np.ndarray] = []  # [2, heads]
        self.steps: list[int] = []

    def advance(self, share: float) -> Iterator[int]:
        """Trains to the first reading after that share of the steps; gives the steps that each took."""
        compiled = self._is_worth_compiling(share)
        train = compiled_train_steps if compiled else train_steps
        if self.step == 0:
            self.order = batch_order(
                self.shared, self.data, dropping=compiled or self.shared.dropout_rate > 0
            )
        while self.step < share * self.shared.steps:
            until, total = self.step, 0.0
            for examples, begin, until in examples_of(self.data, self.order, self.step):
                steps = tf.constant(begin), tf.constant(until)
                self.state, loss = train(
                    self.head, self.settings, self.state, examples, self.order.batches, *steps
                )
                total = total + loss
            losses = total / (until - self.step)
            self.readings.append(np.stack([losses, self.validation_losses(AS_IT_IS)[0]]))
            self.steps.append(until)
            yield len(self.numbers) * (until - self.step)
            self.step = until

    def _is_worth_compiling(self, share: float) -> bool:
        """Whether the training to that share of the steps is."""
        examples = (share * self.shared.steps - self.step) * self.shared.batch_size
        return compiling_pays(operations(examples, *self.state.kernel.shape))

    def validation_losses(self, temperatures: np.ndarray) -> np.ndarray:
        """The mean loss of each head on validation, [temperatures, heads]; nan where there is none."""
        trials, columns = len(self.numbers), len(self.numbers) * self.head.num_classes
        if not self.validations:
            return np.full([len(temperatures), self.folds * trials], np.nan, np.float32)
        losses = []
        for fold, data in enumerate(self.validations):
            at = slice(fold * columns, (fold + 1) * columns)
            state = State(*(values[..., at] for values in self.state)) if self.folds > 1 else self.state
            losses.append(_mean_losses(self.head, state, data, temperatures))
        return np.concatenate(losses, axis=1)

    def calibrated_losses(self) -> dict[int, float]:
        """The validation loss of each trial at the temperature that suits it best (Guo et al. 2017).

        The mean over folds; not finite where a trial diverged, or without validation.
        """
        best = self.validation_losses(TEMPERATURES).min(axis=0)
        return dict(zip(self.numbers, best.reshape(self.folds, -1).mean(axis=0).tolist(), strict=True))

    def heads(self) -> dict[int, TrainedHead]:
        """The heads as they are: kernels [F, C] and biases [C], with folds [folds, F, C] and [folds, C]."""
        shape = (self.folds, len(self.numbers), self.head.num_classes)
        kernels = self.state.kernel.numpy().reshape(-1, *shape).transpose(2, 1, 0, 3)
        with np.errstate(all="ignore"):  # diverged trials
            biases = self.state.bias.numpy().reshape(shape).transpose(1, 0, 2) - self.data.centre @ kernels
        losses = np.asarray(self.readings).reshape(len(self.steps), 2, *shape[:2]).mean(axis=2)
        scores, steps = self.calibrated_losses(), np.asarray(self.steps)
        stopped = None if self.step == self.shared.steps else self.step
        return {
            number: TrainedHead(
                *(
                    values[place].squeeze(0) if self.folds == 1 else values[place]
                    for values in (kernels, biases)
                ),
                *(losses[:, :, place], steps, scores[number], stopped),
            )
            for place, number in enumerate(self.numbers)
        }

    def give_up(self, numbers: Sequence[int]) -> dict[int, TrainedHead]:
        """The heads of these trials as they are; the group goes on without them, and without their memory."""
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
        self.readings = [values[:, heads] for values in self.readings]
        self.settings = _kept(self.settings, places, heads, columns)


def _mean_losses(head: Head, state: State, data: Centred, temperatures: np.ndarray) -> np.ndarray:
    """[temperatures, heads]."""
    at = tf.constant(temperatures)
    return sum(total_losses(head, state, part, at).numpy() for part in parts(data)) / len(data.labels)


def _begin(
    head: Head, trials: Sequence[Trial], weightings: Sequence[int], data: Centred, start: Start | None
) -> tuple[State, Settings]:
    folds, classes = data.weights.shape[1], head.num_classes
    heads = folds * len(trials)
    kernel, bias = np.zeros([len(data.centre), classes]), np.zeros(classes)
    if start is not None:
        kernel, bias = start.kernel, start.bias + data.centre @ start.kernel
    kernel = tf.tile(tf.constant(kernel, tf.float32), [1, heads])
    bias = tf.tile(tf.constant(bias, tf.float32), [heads])
    state = State(kernel, bias, tf.zeros_like(kernel), tf.zeros_like(bias))
    return state, _settings(head, trials, weightings, data, None if start is None else kernel)


def _settings(
    head: Head,
    trials: Sequence[Trial],
    weightings: Sequence[int],
    data: Centred,
    start: tf.Tensor | None,
) -> Settings:
    def values(name: str) -> np.ndarray:
        return np.tile(
            np.asarray([getattr(trial, name) for trial in trials], np.float32), data.weights.shape[1]
        )

    def columns(by_head: np.ndarray) -> tf.Tensor:
        return tf.constant(np.repeat(by_head, head.num_classes))

    rate, smoothing, l1 = values("learning_rate"), values("label_smoothing"), values("l1_regularizer")
    with np.errstate(over="ignore"):  # a trial that will diverge
        return Settings(
            columns(rate),
            columns(rate * np.float32(data.mean_square)),
            columns(values("momentum")),
            columns(2 * rate * values("l2_regularizer")),
            columns(rate * l1) if l1.any() else None,
            tf.constant(smoothing[:, None]) if smoothing.any() else None,
            tf.constant(weightings, tf.int32),
            start,
        )


def _kept(settings: Settings, places: np.ndarray, heads: np.ndarray, columns: np.ndarray) -> Settings:
    at = Settings(*5 * [columns], label_smoothing=heads, weighting=places, start=columns)
    axes = Settings(*7 * [0], start=1)
    return Settings(
        *(
            None if values is None else tf.gather(values, chosen, axis=axis)
            for values, chosen, axis in zip(settings, at, axes, strict=True)
        )
    )
