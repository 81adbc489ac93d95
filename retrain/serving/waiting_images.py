"""Batches of what several clients ask for at once: while one is computed, the next one gathers."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

MOST_IN_A_BATCH = 32
MOST_WAITING = 512  # images, above which more are refused


class BusyError(Exception):
    """So many images wait that another would wait too long."""


class Batches:
    """Runs `rows`, images -> a row for each, in a thread of its own, on as many images as are waiting."""

    def __init__(self, rows: Callable[[Sequence[np.ndarray]], list[Any]]):
        self._rows = rows
        self._waiting: list[tuple[np.ndarray, asyncio.Future[Any]]] = []
        self._thread = ThreadPoolExecutor(1)
        self._running: asyncio.Task[None] | None = None

    async def row(self, image: np.ndarray) -> Any:
        """The row of one image; BusyError when too many wait."""
        if len(self._waiting) >= MOST_WAITING:
            raise BusyError
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append((image, future))
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())
        return await future

    async def _run(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MOST_IN_A_BATCH], self._waiting[MOST_IN_A_BATCH:]
            try:
                rows = await asyncio.get_running_loop().run_in_executor(
                    self._thread, self._rows, [image for image, _ in batch]
                )
            except Exception as error:  # each who waits is told, and the next batch is none the worse
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                continue
            for (_, future), row in zip(batch, rows, strict=True):
                if not future.done():  # the client may be gone
                    future.set_result(row)
