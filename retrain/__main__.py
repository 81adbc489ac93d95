"""`python -m retrain` and the console script: flags and folders are checked, then the command is run.

A user's mistake is one sentence on stderr and exit status 2; nothing heavy is imported before the checks.
"""

import contextlib
import gc
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from absl import logging

from retrain import flags
from retrain.commands.perform import perform
from retrain.errors import InputError
from retrain.plain_log import logged_plainly
from retrain.printable import printable
from retrain.signals import Terminated, signals_raised

# 128 + the signal's number, as a shell reports it
INTERRUPTED, BROKEN_PIPE, TERMINATED = 130, 141, 143
# Graphs of TensorFlow are many objects, and little garbage: by Python's 700, 10, 10 the looking is a
# ninth of a run whose features are remembered (3.1 of 26.7 s, now 1.1).
GARBAGE_LOOKED_FOR = 10_000, 20, 5


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line, and returns the exit status."""
    _open_standard_streams()
    try:
        with signals_raised():
            status = _run(sys.argv if argv is None else argv)
            sys.stdout.flush()
        return status
    except InputError as error:
        print(f"retrain: {printable(str(error))}", file=sys.stderr)
        return error.status
    except KeyboardInterrupt as interrupt:
        terminated = isinstance(interrupt, Terminated)
        words = "terminated." if terminated else "interrupted."
        notes = map(printable, getattr(interrupt, "__notes__", ()))
        print("retrain:", words, *notes, file=sys.stderr)
        return TERMINATED if terminated else INTERRUPTED
    except BrokenPipeError:
        # The reader has left (`| head`): the interpreter's last flush must not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE


def run() -> NoReturn:
    """The console script. One that was interrupted waits for no thread that native code may hold for ever."""
    gc.set_threshold(*GARBAGE_LOOKED_FOR)
    status = main()
    if status in (INTERRUPTED, TERMINATED):
        with contextlib.suppress(OSError):
            sys.stdout.flush()
        os._exit(status)
    # At its end Python looks through all that is left, TensorFlow's half million objects, for garbage: 1.5 s.
    gc.freeze()
    sys.exit(status)


def _open_standard_streams() -> None:
    """Gives a process that was started without some of its standard streams (`2>&-`) silent ones.

    The next file that is opened would have the number of the missing one, and be written to as if it were it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115


def _run(argv: Sequence[str]) -> int:
    text = flags.answer(argv)
    if text is not None:
        print(text, end="")
        return 0
    parsed = flags.parse(argv)
    with logged_plainly(parsed.verbosity):
        for note in parsed.notes:
            logging.info("%s", note)
        return perform(parsed.verb, parsed.config, parsed.files).result or 0


if __name__ == "__main__":
    run()
