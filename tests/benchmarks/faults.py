"""The fault test: commands that cannot write are a sentence, and given again end as if nothing had happened.

`python -m tests.benchmarks.faults [COUNT]` lets a call that writes below the run or its cache fail, any one,
with ENOSPC, EACCES or EIO, alone or with all that come after it; needs a C compiler. A command says so in a
sentence, or goes on without what was lost, such as a curve; exits 1 when there was a fault. Measured: of 20
two, of a kind that was mended then. tests/test_system_errors.py is the short form.
"""

import ctypes
import errno
import itertools
import os
import pathlib
import random
import subprocess
import sys
import tempfile

from retrain.__main__ import main as retrain
from tests.benchmarks import disturbed, forked

COUNT = 300
ENDS = (0, 1, 2)
LIBRARY = "failing_writes"
NUMBERS = (errno.ENOSPC, errno.EACCES, errno.EIO)


def count_writes() -> int:
    """How many there were since it was asked before."""
    seen = ctypes.CDLL(None).writes_seen()
    fail_writes(-1, 0, False)
    return seen


def fail_writes(place: int, number: int, stays: bool) -> None:
    below = os.environ["RETRAIN_CACHE_DIR"].removesuffix(".cache")
    ctypes.CDLL(None).fail_writes(os.fsencode(below), ctypes.c_long(place), number, int(stays))


class Spoiler:
    """Lets any write fail."""

    def __init__(self, seed: int = 0):
        self.chance, self.numbers = random.Random(seed), itertools.cycle(NUMBERS)

    def spoil(self, given: disturbed.Given) -> int:
        place, number = self.chance.randrange(given.whole.counted), next(self.numbers)
        stays = number == errno.ENOSPC or self.chance.random() < 0.5

        def act() -> int:
            print(
                f"write {place}: {errno.errorcode[number]}, {'and all after it' if stays else 'once'}",
                flush=True,
            )
            fail_writes(place, number, stays)
            return retrain(["retrain", *given.words])

        return forked.status_of(forked.forked(act, given.log))


def main(count: int = COUNT) -> int:
    if LIBRARY not in os.environ.get("LD_PRELOAD", ""):
        return _with_library()
    return disturbed.main(count, Spoiler().spoil, ENDS, count_writes)


def _with_library() -> int:
    source = pathlib.Path(__file__).with_name(f"{LIBRARY}.c")
    with tempfile.TemporaryDirectory() as directory:
        library = os.path.join(directory, f"{LIBRARY}.so")
        subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
        again = [sys.executable, "-m", "tests.benchmarks.faults", *sys.argv[1:]]
        return subprocess.run(again, env=os.environ | {"LD_PRELOAD": library}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])))
