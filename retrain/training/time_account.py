"""Where the time of a training goes, by part."""

import contextlib
import time
from collections.abc import Iterator

from retrain.training.training_loop import Reading

START, COMPUTE, INPUT_WAIT = "start-up", "compute", "input wait"
EVALUATION, CHECKPOINTS = "evaluation", "checkpoints"


class TimeAccount:
    """Seconds by part; the first call of the compiled steps, which compiles them, is the start-up."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys((START, COMPUTE, INPUT_WAIT, EVALUATION, CHECKPOINTS), 0.0)

    def add(self, reading: Reading) -> None:
        """Adds what a reading took."""
        if not self.seconds[START]:
            self.seconds[START] = reading.seconds
            return
        self.seconds[INPUT_WAIT] += reading.input_wait
        self.seconds[COMPUTE] += reading.seconds - reading.input_wait

    @contextlib.contextmanager
    def spent_on(self, part: str) -> Iterator[None]:
        """Adds the time of the body."""
        start = time.monotonic()
        try:
            yield
        finally:
            self.seconds[part] += time.monotonic() - start

    def __str__(self) -> str:
        total = sum(self.seconds.values())
        shares = ", ".join(f"{part} {value / (total or 1.0):.1%}" for part, value in self.seconds.items())
        return f"{total:.1f} s: {shares}"
