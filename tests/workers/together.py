"""Workers that are threads of one process: they agree as processes do, without TensorFlow's collectives."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from retrain.workers.workers import Workers

SECONDS = 60.0  # after which a worker that waits for others fails, as one of them has


class Thread(Workers):
    """One of them; `given` holds what each has given to the sum that is due."""

    def __init__(self, index: int, given: list[np.ndarray | None], barrier: threading.Barrier):
        super().__init__()
        self.index, self.count = index, len(given)
        self.given, self.barrier = given, barrier

    @property
    def replicas(self) -> int:
        return self.count

    def total(self, values: np.ndarray) -> np.ndarray:
        self.given[self.index] = values
        self.barrier.wait(SECONDS)
        found = np.sum(self.given, axis=0, dtype=values.dtype)
        self.barrier.wait(SECONDS)
        return found


def together(count: int, work: Callable[[Workers], Any]) -> list[Any]:
    """What each of so many workers makes of the work, which all of them do at once."""
    given, barrier = [None] * count, threading.Barrier(count)

    def one(index: int) -> Any:
        try:
            return work(Thread(index, given, barrier))
        except BaseException:
            barrier.abort()
            raise

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(one, range(count)))
