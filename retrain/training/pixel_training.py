"""Training on pixels, with validation: the step to take is kept, and it ends early where nothing is gained.

Each evaluation is followed by a checkpoint, so that the figures are remembered with the weights they are of;
others are saved by time, and on SIGTERM and Ctrl-C, and have no part in the result. When training diverges it
goes back to the last evaluation with half the learning rate, once. At the end the model has the weights of
the step that `run_state` takes, averaged where the optimizer does so.
"""

import math
import os
from collections.abc import Callable, Mapping

import tensorflow as tf
from absl import logging

from retrain.errors import InputError
from retrain.metric import LOSS, Metric
from retrain.model import ImageClassifier
from retrain.progress import Advance, step_bar
from retrain.settings.pixels import PixelSettings
from retrain.signals import signals_deferred
from retrain.training.driver import Action, Driver
from retrain.training.estimator import Estimator, InputFn, positioned
from retrain.training.evaluation import Judged, judged, told
from retrain.training.events import TRAIN
from retrain.training.loss import Loss
from retrain.training.optimizer import WarmupCosine, make_optimizer
from retrain.training.run_state import RunState, has_diverged, note_figures, reason_to_stop
from retrain.training.step_reports import CHECKPOINTS, EVALUATION, Interval, StepReport, TimeAccount
from retrain.workers.workers import ALONE, Workers

SLOWER = 0.5
BEST, AS_GOOD = ", the best so far", ", as good as the best within the error"
SECONDS_BETWEEN_CHECKPOINTS = 30.0


def pixel_estimator(
    model: ImageClassifier,
    model_dir: str | os.PathLike[str],
    pixels: PixelSettings,
    task_weights: Mapping[str, float],
    workers: Workers = ALONE,
) -> Estimator:
    """The Estimator that settings with all values filled in ask for."""
    with workers.scope():
        state = RunState()
    warmup, steps = pixels.warmup_steps.of(pixels.max_steps), pixels.max_steps
    rates = WarmupCosine(pixels.learning_rate, steps, warmup, state.rate_factor)
    with workers.scope():
        optimizer = make_optimizer(pixels, rates, model.trained_base_variables)
    return Estimator(
        model,
        model_dir,
        optimizer,
        loss=Loss.of(pixels, task_weights),
        seed=pixels.seed,
        run_state=state,
        workers=workers,
    )


class PixelTraining:
    """One training of an Estimator.

    Args:
      estimator: that of `pixel_estimator`.
      pixels: settings with all values filled in.
      metric: the figure that says which step is the best.
      train: batches without end, from a step on; of each the part of this worker.
      validation: all of validation, once; None where no image is held out.
      calibrate: whether heads will be calibrated on validation, as they are to be judged then.
      range_hint: the flag that says what pixels the base looks as if made for; repeated where it diverges.
    """

    def __init__(
        self,
        estimator: Estimator,
        pixels: PixelSettings,
        metric: Metric,
        train: InputFn,
        validation: InputFn | None,
        calibrate: bool,
        range_hint: str = "",
    ):
        self.estimator, self.pixels, self.metric = estimator, pixels, metric
        self.train, self.validation, self.calibrate = train, validation, calibrate
        self.range_hint = range_hint
        self.loop, self.checkpoints = estimator.loop, estimator.checkpoints
        self.state, self.workers = estimator.loop.run_state, estimator.workers
        self.times, self._interval = TimeAccount(), Interval()

    def run(self) -> None:
        """Goes on from the newest checkpoint to the end, and takes the weights of the step to take."""
        newest = self.estimator.latest_checkpoint()
        self.checkpoints.restore(newest)
        with (
            signals_deferred() as interrupted,
            step_bar(self.pixels.max_steps, self.estimator.global_step, "training") as advance,
        ):
            if newest is None:
                self._validate()
                self.state.evaluated_step.assign(self.estimator.global_step)
                self._save()
            while not (ended := self.workers.any(interrupted())) and self._goes_on():
                self._drive(advance, interrupted)
        if ended:  # another worker was told to stop, and leaves: the watch over it ends this one
            self.workers.wait_for_all()
        logging.info("Training took %s.", self.times)
        self.checkpoints.restore(self.checkpoints.best())
        if self.validation is not None:
            logging.info("The weights of step %d are taken.", self.estimator.global_step)
        self.loop.take_averages()

    def _goes_on(self) -> bool:
        reason = self._reason_to_stop()
        if reason is not None:
            logging.info("Training ends at step %d: %s.", self.estimator.global_step, reason)
        is_over = self.workers.any(reason is not None)
        return not is_over and self.estimator.global_step < self.pixels.max_steps

    def _drive(self, advance: Advance, interrupted: Callable[[], bool]) -> None:
        """Trains until there is a reason to end, or it has diverged and was set back."""
        pixels = self.pixels
        every, steps = pixels.eval_every, pixels.save_checkpoints_steps
        actions = [
            Action(self._note),
            Action(self._profile, at=pixels.profile_steps or ()),
            Action(lambda report: advance(report.steps, f"loss {report.loss:.3g}")),
            Action(self._guard),
            Action(self._evaluate, every.steps, every.seconds, [pixels.max_steps], when=self._reason_to_stop),
            Action(
                lambda report: self._save(),
                steps,
                None if steps else SECONDS_BETWEEN_CHECKPOINTS,
                when=lambda: self._is_evaluated() or interrupted(),
            ),
            Action(
                lambda report: True,
                when=lambda: interrupted() or (self._is_evaluated() and self._reason_to_stop()),
            ),
        ]
        self.checkpoints.detach()
        part = self.workers.part(pixels.batch_size)
        batches = self.loop.batches(positioned(self.train, self.estimator.global_step), part)
        Driver(self.loop, actions, workers=self.workers).run(batches, pixels.max_steps)

    def _note(self, report: StepReport) -> None:
        self.times.add(report)
        self.state.elapsed_seconds.assign_add(report.seconds)
        self._interval.add(report)

    def _profile(self, report: StepReport) -> None:
        start, end = self.pixels.profile_steps
        if report.step == start:
            tf.profiler.experimental.start(str(self.estimator.model_dir))
        elif report.step == end:
            tf.profiler.experimental.stop()

    def _guard(self, report: StepReport) -> bool:
        """Whether the loss is no number, and training was set back.

        Not whether it is large: over how many steps it is a mean depends on the speed.
        """
        if math.isfinite(report.loss):
            return False
        self._set_back()
        return True

    def _evaluate(self, report: StepReport) -> bool:
        """Whether the validation images tell that it has diverged, and training was set back."""
        if has_diverged(self._validate(), self.loop.loss.of_chance(self.estimator.model.heads)):
            self._set_back()
            return True
        self.state.evaluated_step.assign(report.step)
        return False

    def _validate(self) -> float:
        """Figures of the validation images, where there are any, and a line that tells all; their raw loss.

        The loss is nan, and nothing is told, when the model no longer gives numbers.
        """
        loss, parts = 0.0, [self._interval.told(self.pixels.batch_size)]
        if self.validation is not None:
            figures, loss, error = self._judged()
            if math.isnan(loss):
                return loss
            noted = note_figures(self.state, figures, self.metric, error if self.metric == LOSS else 0.0)
            parts.append(told(figures) + (BEST if noted.is_best else AS_GOOD if noted.is_taken else ""))
        step, steps = self.estimator.global_step, self.pixels.max_steps
        logging.info("Step %d of %d: %s.", step, steps, "; ".join(filter(None, parts)) or "start")
        self.estimator.events.write(TRAIN, self._interval.losses())
        self._interval.clear()
        return loss

    def _judged(self) -> Judged:
        with self.times.spent_on(EVALUATION), self.loop.averaged():
            found = judged(self.loop, self.validation(), self.calibrate)
            losses = {"raw loss": found.raw_loss, "error": found.loss_error}
            raw_loss, error = self.workers.chiefs_figures(losses).values()
            found = Judged(self.workers.chiefs_figures(found.figures), raw_loss, error)
        self.estimator.events.write("validation", {self.estimator.global_step: found.figures})
        return found

    def _save(self) -> None:
        with self.times.spent_on(CHECKPOINTS):
            self.checkpoints.save()
        self.checkpoints.detach()

    def _set_back(self) -> None:
        """To the last evaluation, with half the learning rate; InputError when that did not help."""
        step = self.estimator.global_step
        if float(self.state.rate_factor.numpy()) < 1.0:
            told = f"{self.range_hint}, if the base was made for such pixels, or " if self.range_hint else ""
            raise InputError(
                f"Training has diverged at step {step}, also with half the learning rate: give {told}a lower "
                f"--learning_rate, or --gradient_clip_norm=1."
            )
        self.checkpoints.restore(self.checkpoints.evaluated())
        self.state.rate_factor.assign(SLOWER)
        self._interval.clear()
        sentence = "Training has diverged at step %d: it goes on from step %d with half the learning rate."
        logging.warning(sentence, step, self.estimator.global_step)

    def _is_evaluated(self) -> bool:
        return int(self.state.evaluated_step.numpy()) == self.estimator.global_step

    def _reason_to_stop(self) -> str | None:
        return reason_to_stop(self.state, self.pixels, self.metric)
