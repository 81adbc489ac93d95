"""The driver of all training: it takes steps, a few in each call, and does what is due in between.

All that is not a step is an action: checkpoints, evaluations, events, the bar, the guard against divergence.
An action is due after every call, or every so many steps or seconds, at given steps, or at the end; a call
ends where one may be due by its step, so that the speed of the machine decides none of it.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from retrain.training.step_reports import Clock, StepReport
from retrain.training.training_loop import TrainingLoop
from retrain.workers.workers import ALONE, Workers

STEPS_PER_CALL = 50
# What a call should not exceed: after it, a signal is noticed and a line is logged.
SECONDS_PER_CALL = 2.0


class Action(NamedTuple):
    """Something that is done now and then; after every call where nothing says when.

    Attributes:
      act: what is done; True ends the run at once, before any further action.
      steps: it is due at multiples of it.
      seconds: it is due when so many have passed since it was done, or since the run began.
      at: it is due at these steps.
      at_end: it is due at the last step, also where the input ends early or had no batch at all.
      when: it is due where this, asked after each call, gives something true.
    """

    act: Callable[[StepReport], bool | None]
    steps: int | None = None
    seconds: float | None = None
    at: Sequence[int] | None = None
    at_end: bool = False
    when: Callable[[], Any] | None = None

    def steps_until_due(self, step: int) -> list[int]:
        """How far after `step` it is due by its number."""
        multiple = [] if self.steps is None else [self.steps - step % self.steps]
        return multiple + [due - step for due in self.at or () if due > step]

    def is_due(self, step: int, seconds: float) -> bool:
        """Whether it is due after a call that ended at `step`, so many seconds after it was last done."""
        if not self.at_end and (self.steps, self.seconds, self.at, self.when) == (None,) * 4:
            return True
        return (
            (self.steps is not None and step % self.steps == 0)
            or (self.seconds is not None and seconds >= self.seconds)
            or step in (self.at or ())
            or (self.when is not None and self.when())
        )


class Driver:
    """Takes the steps of a loop, and acts in between, in the order of the actions.

    Workers take as many steps in a call as the chief, and an action is due when it is for one of them.
    """

    def __init__(
        self,
        loop: TrainingLoop,
        actions: Sequence[Action],
        clock: Clock = time.monotonic,
        workers: Workers = ALONE,
    ):
        self.loop, self.actions, self.clock, self.workers = loop, actions, clock, workers
        self._done: list[tuple[int | None, float]] = []  # of each action: at which step, and when

    def run(self, batches: Iterator[Any], stop: int | None = None) -> None:
        """Takes steps up to `stop` or the input's end, unless an action ends it before."""
        self._done = [(None, self.clock())] * len(self.actions)
        report = StepReport(self.loop.global_step, 0, math.nan, 0.0, 0.0)
        ended, count = False, 1
        while not ended and report.step != stop:
            ended, taken = self._call(batches, self._within_bounds(count, report.step, stop))
            if taken.steps:
                report = taken
                if self._act(report):
                    return
                fitting = int(SECONDS_PER_CALL * taken.steps / taken.seconds)
                count = min(max(1, fitting), 2 * count, STEPS_PER_CALL)
        self._end(report)

    def _within_bounds(self, count: int, step: int, stop: int | None) -> int:
        """So many steps, or fewer, where an action is due before, or the end is."""
        bounds = [steps for action in self.actions for steps in action.steps_until_due(step)]
        return min([count, *bounds, *([] if stop is None else [stop - step])])

    def _call(self, batches: Iterator[Any], count: int) -> tuple[bool, StepReport]:
        count = self.workers.chiefs_number(count)
        before, start = self.loop.global_step, self.clock()
        ended, losses, waited = self.loop.take_steps(batches, tf.constant(count))
        seconds, step = self.clock() - start, self.loop.global_step
        steps = step - before
        loss = float(losses) / steps if steps else math.nan
        return bool(ended), StepReport(step, steps, loss, seconds, float(waited))

    def _act(self, report: StepReport) -> bool:
        """Whether an action has ended the run."""
        for number, action in enumerate(self.actions):
            _, when = self._done[number]
            if self.workers.any(action.is_due(report.step, self.clock() - when)):
                ends = action.act(report)
                self._done[number] = report.step, self.clock()
                if ends:
                    return True
        return False

    def _end(self, report: StepReport) -> None:
        for action, (step, _) in zip(self.actions, self._done, strict=True):
            if action.at_end and step != report.step:
                action.act(report)
