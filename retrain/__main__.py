"""`python -m retrain` and the console script: flags and folders are checked, then the command is run.

A user's mistake is one sentence on stderr and exit status 2; nothing heavy is imported before the checks.
"""

import contextlib
import importlib
import logging
import os
import sys
import tempfile
from collections.abc import Sequence

import absl.logging

from retrain import flags
from retrain.commands import COMMANDS
from retrain.commands.module_check import log_embedded, named_in_full
from retrain.errors import InputError
from retrain.extensions import named
from retrain.files import writing
from retrain.quiet import native_stderr_held
from retrain.runs.claim import claimed
from retrain.runs.run import Run
from retrain.signals import Terminated, sigterm_raised

PACKAGE = os.path.dirname(__file__) + os.sep
# 128 + the signal's number, as a shell reports it
INTERRUPTED, BROKEN_PIPE, TERMINATED = 130, 141, 143


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line, and returns the exit status."""
    # What TensorFlow and Keras read once, when the command imports them.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    if not os.path.isabs(os.path.expanduser("~")):  # of whom no home is known, Keras would make a folder "~"
        os.environ.setdefault("KERAS_HOME", os.path.join(tempfile.gettempdir(), "keras"))
    try:
        with sigterm_raised():
            status = _run(sys.argv if argv is None else argv)
            sys.stdout.flush()
        return status
    except InputError as error:
        print(f"retrain: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as interrupt:
        terminated = isinstance(interrupt, Terminated)
        words = "terminated." if terminated else "interrupted."
        print("retrain:", words, *getattr(interrupt, "__notes__", ()), file=sys.stderr)
        return TERMINATED if terminated else INTERRUPTED
    except BrokenPipeError:
        # The reader has left (`| head`): the interpreter's last flush must not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE


def _run(argv: Sequence[str]) -> int:
    text = flags.answer(argv)
    if text is not None:
        print(text, end="")
        return 0
    parsed = flags.parse(argv)
    _log_plainly(parsed.verbosity)
    for note in parsed.notes:
        absl.logging.info("%s", note)
    row = COMMANDS[parsed.verb]
    config = named_in_full(parsed.config)
    plan = named(row.check)(config, parsed.files)
    if config != parsed.config:
        log_embedded()
    with writing(str(plan.run or parsed.config.results.output or os.curdir)), _claimed(plan.run, row.shared):
        with native_stderr_held():
            run = named(row.run)
            # Whether there are GPUs is asked now, because the answer is written to stderr, too.
            importlib.import_module("tensorflow").config.list_physical_devices()
        try:
            return run(plan) or 0
        except KeyboardInterrupt as interrupt:
            if row.goes_on:
                interrupt.add_note(plan.run.how_to_go_on())
            raise


def _claimed(run: Run | None, shared: bool) -> contextlib.AbstractContextManager[None]:
    return contextlib.nullcontext() if run is None else claimed(run, shared)


def _log_plainly(verbosity: str) -> None:
    """Log lines go to stderr as they are, without absl's prefix of time and place."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    handler.addFilter(_is_ours)
    logger = absl.logging.get_absl_logger()
    logger.handlers = [handler]
    logger.propagate = False
    absl.logging.set_verbosity(verbosity)


def _is_ours(record: logging.LogRecord) -> bool:
    """TensorFlow logs through absl as well, for its developers: of that only errors are shown."""
    return record.levelno >= logging.ERROR or record.pathname.startswith(PACKAGE)


if __name__ == "__main__":
    sys.exit(main())
