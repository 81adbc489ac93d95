import ctypes

import numpy as np
import pytest

from retrain.memory import give_back


def resident() -> int:
    """Bytes of memory that this process has."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="another C library than glibc")
def test_what_was_freed_below_what_is_in_use_is_given_back():
    blocks = [np.ones(15_000, np.uint8) for _ in range(8_000)]
    kept = blocks[::500]
    del blocks
    before = resident()
    give_back()
    assert before - resident() > 50_000_000
    assert all(block.all() for block in kept)


def test_elsewhere_nothing_is_done(monkeypatch):
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    give_back()
