"""What steps gave, call by call; and over many calls: the speed, the loss, and where the time went."""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

START, COMPUTE, INPUT_WAIT = "start-up", "compute", "input wait"
EVALUATION, CHECKPOINTS = "evaluation", "checkpoints"

Clock = Callable[[], float]


class StepReport(NamedTuple):
    """What the steps of a call gave: the last of them, how many, their mean loss, and seconds.

    Those of waiting for the input are among the seconds.
    """

    step: int
    steps: int
    loss: float
    seconds: float
    input_wait: float


class Interval:
    """The reports since the last evaluation."""

    def __init__(self) -> None:
        self.reports: list[StepReport] = []

    def add(self, report: StepReport) -> None:
        self.reports.append(report)

    def clear(self) -> None:
        self.reports = []

    def losses(self) -> dict[int, dict[str, float]]:
        """The loss by step, as scalars for TensorBoard."""
        return {report.step: {"loss": report.loss} for report in self.reports}

    def told(self, batch_size: int) -> str:
        """The mean loss and the speed, in words; nothing where no step was taken."""
        if not self.reports:
            return ""
        steps, seconds = (sum(getattr(of, name) for of in self.reports) for name in ("steps", "seconds"))
        loss = sum(report.loss * report.steps for report in self.reports) / steps
        waited = sum(report.input_wait for report in self.reports) / seconds
        return f"loss {loss:.4g}, {steps * batch_size / seconds:.0f} images/s, input wait {waited:.0%}"


class TimeAccount:
    """Where the time of a training goes, in seconds by part.

    The first call of the compiled steps, which compiles them, is the start-up.
    """

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self.seconds = dict.fromkeys((START, COMPUTE, INPUT_WAIT, EVALUATION, CHECKPOINTS), 0.0)
        self._clock = clock

    def add(self, report: StepReport) -> None:
        """Adds what a call took."""
        if not self.seconds[START]:
            self.seconds[START] = report.seconds
            return
        self.seconds[INPUT_WAIT] += report.input_wait
        self.seconds[COMPUTE] += report.seconds - report.input_wait

    @contextlib.contextmanager
    def spent_on(self, part: str) -> Iterator[None]:
        """Adds the time of the body."""
        start = self._clock()
        try:
            yield
        finally:
            self.seconds[part] += self._clock() - start

    def __str__(self) -> str:
        total = sum(self.seconds.values())
        shares = ", ".join(f"{part} {value / (total or 1.0):.1%}" for part, value in self.seconds.items())
        return f"{total:.1f} s: {shares}"
