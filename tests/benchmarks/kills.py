"""The kill test: commands that are killed at random moments and given again end as if nothing had happened.

`python -m tests.benchmarks.kills [SIGNALS]` sends kill -9, SIGINT and SIGTERM in turn, in the pass of images,
head search, exports, fine-tuning and sweeps, of heads and of modules; exits 1 when there was a fault.
tests/commands/test_kill.py is the short form. Measured: of 95 none was one.
"""

import itertools
import os
import random
import signal
import sys
import time

from tests.benchmarks import disturbed, forked

COUNT = 300
ENDS = (0, -signal.SIGKILL, 128 + signal.SIGINT, 128 + signal.SIGTERM)


class Killer:
    """Sends a signal at any moment at which the command is expected to be at work."""

    def __init__(self, seed: int = 0):
        self.chance = random.Random(seed)
        self.signals = itertools.cycle((signal.SIGKILL, signal.SIGINT, signal.SIGTERM))

    def kill(self, given: disturbed.Given) -> int:
        pid = forked.commanded(given.words, given.log)
        time.sleep(self.chance.uniform(0, given.whole.seconds))
        os.kill(pid, next(self.signals))
        return forked.status_of(pid)


def main(count: int = COUNT) -> int:
    return disturbed.main(count, Killer().kill, ENDS)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])))
