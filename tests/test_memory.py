import ctypes
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from retrain.memory import give_back, return_at_once

ROOT = pathlib.Path(__file__).parents[1]
LARGE_BLOCKS = """
import numpy as np
from retrain.memory import return_at_once
from tests.test_memory import resident
np.ones(30_000_000, np.uint8)  # freed, whereupon glibc keeps what is smaller
return_at_once()
blocks = [np.ones(6_000_000, np.uint8) for _ in range(50)]
kept = blocks[::5]
before = resident()
del blocks
print(before - resident())
"""


def resident() -> int:
    """Bytes of memory that this process has."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


of_glibc = pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="another C library than glibc"
)


@of_glibc
def test_what_was_freed_below_what_is_in_use_is_given_back():
    blocks = [np.ones(15_000, np.uint8) for _ in range(8_000)]
    kept = blocks[::500]
    del blocks
    before = resident()
    give_back()
    assert before - resident() > 50_000_000
    assert all(block.all() for block in kept)


@of_glibc
def test_large_blocks_go_back_as_they_are_freed():
    """In a process of its own, for blocks would fill what is free in the memory of this one."""
    assert int(subprocess.check_output([sys.executable, "-c", LARGE_BLOCKS], cwd=ROOT)) > 180_000_000


def test_elsewhere_nothing_is_done(monkeypatch):
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    give_back()
    return_at_once()
