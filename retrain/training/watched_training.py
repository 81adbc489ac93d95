"""Training on pixels, watched: validation along the way, the best step kept, an end when nothing is gained.

Each look at the validation images is followed by a checkpoint, so that what was seen is remembered with the
weights it was seen of; others are saved by time, and on SIGTERM and Ctrl-C, and have no part in the result.
When training diverges it goes back to the last look with half the learning rate, once. At the end the model
has the weights of the best step, averaged where the optimizer does so.
"""

import math
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from absl import logging

from retrain.errors import InputError
from retrain.progress import Advance, step_bar
from retrain.signals import signals_deferred
from retrain.training.estimator import Estimator, InputFn, positioned
from retrain.training.evaluation import Figures, figures_by_task, labelled_probabilities
from retrain.training.stopping import StoppingRules, has_diverged, note_figures, reason_to_stop
from retrain.training.summaries import write_figures, write_scalars
from retrain.training.time_account import CHECKPOINTS, EVALUATION, TimeAccount
from retrain.training.training_loop import Reading

SLOWER = 0.5
SECONDS_BETWEEN_CHECKPOINTS = 30.0


class Course(NamedTuple):
    """What is trained on, how far, and what is looked at on the way.

    Attributes:
      train: batches without end, from a step on.
      validation: all of validation, once; None where no image is held out.
      steps: the last step.
      batch_size: the images of a step, by which the speed is told.
      rules: when to look, and when to stop.
      profile: the steps between which a profile for TensorBoard is taken.
    """

    train: InputFn
    validation: InputFn | None
    steps: int
    batch_size: int
    rules: StoppingRules
    profile: tuple[int, int] | None = None


class WatchedTraining:
    """The training of one Estimator along a course."""

    def __init__(self, estimator: Estimator, course: Course):
        self.estimator, self.course = estimator, course
        self.loop, self.checkpoints = estimator.loop, estimator.checkpoints
        self.state = estimator.loop.run_state
        self.times = TimeAccount()
        self._lap: list[Reading] = []
        self._looked = self._saved = time.monotonic()

    def run(self) -> None:
        """Goes on from the newest checkpoint to the end, and takes the weights of the best step."""
        newest = self.estimator.latest_checkpoint()
        self.checkpoints.restore(newest)
        with (
            signals_deferred() as interrupted,
            step_bar(self.course.steps, self.estimator.global_step, "training") as advance,
        ):
            if newest is None:
                self._look()
                self.state.looked_step.assign(self.estimator.global_step)
                self._save()
            while not interrupted() and self._goes_on():
                self._train(advance, interrupted)
        logging.info("Training took %s.", self.times)
        self.checkpoints.restore(self.checkpoints.best())
        self.loop.take_averages()

    def _goes_on(self) -> bool:
        reason = reason_to_stop(self.state, self.course.rules)
        if reason is not None:
            logging.info("Training ends at step %d: %s.", self.estimator.global_step, reason)
        return reason is None and self.estimator.global_step < self.course.steps

    def _train(self, advance: Advance, interrupted: Callable[[], bool]) -> None:
        """Trains until there is a reason to end, or it has diverged and was set back."""
        batches = self.loop.batches(positioned(self.course.train, self.estimator.global_step))
        intervals = [n for n in (self.course.rules.eval_every, self.estimator.save_checkpoints_steps) if n]
        self.checkpoints.leave()
        for reading in self.loop.readings(
            batches, self.course.steps, intervals, at=self.course.profile or ()
        ):
            self._account(reading)
            advance(reading.steps, f"loss {reading.loss:.3g}")
            looks = self._look_is_due(reading.step)
            # Not whether a loss is large: over how many steps a reading is depends on the speed.
            if not math.isfinite(reading.loss) or (looks and self._has_diverged(self._look())):
                self._set_back()
                return
            if looks:
                self.state.looked_step.assign(reading.step)
            if looks or self._save_is_due(reading.step) or interrupted():
                self._save()
            if interrupted() or (looks and reason_to_stop(self.state, self.course.rules)):
                return

    def _account(self, reading: Reading) -> None:
        self.times.add(reading)
        self.state.elapsed_seconds.assign_add(reading.seconds)
        self._lap.append(reading)
        start, end = self.course.profile or (None, None)
        if reading.step == start:
            tf.profiler.experimental.start(str(self.estimator.model_dir))
        elif reading.step == end:
            tf.profiler.experimental.stop()

    def _look_is_due(self, step: int) -> bool:
        rules = self.course.rules
        if step == self.course.steps or reason_to_stop(self.state, rules):
            return True
        if rules.eval_every is not None and step % rules.eval_every == 0:
            return True
        return rules.eval_seconds is not None and time.monotonic() - self._looked >= rules.eval_seconds

    def _save_is_due(self, step: int) -> bool:
        every = self.estimator.save_checkpoints_steps
        if every is not None:
            return step % every == 0
        return time.monotonic() - self._saved >= SECONDS_BETWEEN_CHECKPOINTS

    def _look(self) -> float:
        """Figures of the validation images, where there are any, and a line that tells all; their loss.

        The loss is nan, and nothing is told, when the model no longer gives numbers.
        """
        loss = 0.0
        parts = [_speed(self._lap, self.course.batch_size)] if self._lap else []
        if self.course.validation is not None:
            with self.times.spent_on(EVALUATION):
                figures = self._figures()
            if figures is None:
                return math.nan
            loss = figures["loss"]
            best = note_figures(self.state, figures, self.course.rules.metric)
            parts.append(_told(figures) + (", the best so far" if best else ""))
        logging.info(
            "Step %d of %d: %s.", self.estimator.global_step, self.course.steps, "; ".join(parts) or "start"
        )
        self._write_losses()
        self._lap, self._looked = [], time.monotonic()
        return loss

    def _has_diverged(self, loss: float) -> bool:
        return has_diverged(loss, self.estimator.class_counts, self.loop.task_weights)

    def _figures(self) -> Figures | None:
        with self.loop.averaged():
            labels, probabilities = labelled_probabilities(self.loop, self.course.validation())
        if not all(np.isfinite(values).all() for values in probabilities.values()):
            return None
        figures = figures_by_task(self.estimator.model.heads, labels, probabilities, self.loop.task_weights)
        write_figures(self.estimator.eval_dir("validation"), self.estimator.global_step, figures)
        return figures

    def _write_losses(self) -> None:
        write_scalars(self.estimator.model_dir, {lap.step: {"loss": lap.loss} for lap in self._lap})

    def _save(self) -> None:
        with self.times.spent_on(CHECKPOINTS):
            self.checkpoints.save()
        self.checkpoints.leave()
        self._saved = time.monotonic()

    def _set_back(self) -> None:
        """To the last evaluation, with half the learning rate; InputError when that did not help."""
        step = self.estimator.global_step
        if float(self.state.rate_factor.numpy()) < 1.0:
            raise InputError(
                f"Training has diverged at step {step}, also with half the learning rate: give a lower "
                f"--learning_rate, or --gradient_clip_norm=1."
            )
        self.checkpoints.restore(self.checkpoints.looked())
        self.state.rate_factor.assign(SLOWER)
        self._lap = []
        logging.warning(
            "Training has diverged at step %d: it goes on from step %d with half the learning rate.",
            *(step, self.estimator.global_step),
        )


def _speed(lap: list[Reading], batch_size: int) -> str:
    steps, seconds = sum(part.steps for part in lap), sum(part.seconds for part in lap)
    loss = sum(part.loss * part.steps for part in lap) / steps
    waited = sum(part.input_wait for part in lap)
    return f"loss {loss:.4g}, {steps * batch_size / seconds:.0f} images/s, input wait {waited / seconds:.0%}"


def _told(figures: Figures) -> str:
    accuracies = [f"{key} {value:.1%}" for key, value in figures.items() if key.split("/")[0] == "accuracy"]
    return f"validation loss {figures['loss']:.4g}, {', '.join(accuracies)}"
