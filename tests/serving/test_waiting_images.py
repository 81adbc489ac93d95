import asyncio
import threading

import numpy as np
import pytest

from retrain.serving import waiting_images
from retrain.serving.waiting_images import Batches, BusyError

IMAGES = [np.full([1], value, np.float32) for value in range(40)]


def test_what_waits_while_a_batch_is_computed_is_the_next_batch():
    sizes, go = [], threading.Event()

    def rows(images):
        sizes.append(len(images))
        go.wait(10)
        return [float(image[0]) for image in images]

    async def ask() -> list[float]:
        waiting = Batches(rows)
        first = asyncio.create_task(waiting.row(IMAGES[0]))
        await asyncio.sleep(0.05)
        others = [asyncio.create_task(waiting.row(image)) for image in IMAGES[1:]]
        await asyncio.sleep(0.05)
        go.set()
        return await asyncio.gather(first, *others)

    assert asyncio.run(ask()) == [float(value) for value in range(40)]
    assert sizes == [1, 32, 7]


def test_a_batch_that_fails_costs_itself_only():
    def rows(images):
        if images[0][0] == 0:
            raise ValueError("never")
        return [1] * len(images)

    async def ask() -> None:
        waiting = Batches(rows)
        with pytest.raises(ValueError, match="never"):
            await waiting.row(IMAGES[0])
        assert await waiting.row(IMAGES[1]) == 1

    asyncio.run(ask())


def test_too_many_are_refused(monkeypatch):
    monkeypatch.setattr(waiting_images, "MOST_WAITING", 1)
    go = threading.Event()

    def rows(images):
        go.wait(10)
        return [1] * len(images)

    async def ask() -> None:
        waiting = Batches(rows)
        first = asyncio.create_task(waiting.row(IMAGES[0]))
        await asyncio.sleep(0.05)
        second = asyncio.create_task(waiting.row(IMAGES[1]))
        await asyncio.sleep(0.01)
        with pytest.raises(BusyError):
            await waiting.row(IMAGES[2])
        go.set()
        assert await asyncio.gather(first, second) == [1, 1]

    asyncio.run(ask())
