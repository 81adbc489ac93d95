"""How log lines look: as they are on stderr, without absl's prefix of time and place, and ours alone."""

import contextlib
import logging
import os
from collections.abc import Iterator

import absl.logging

from retrain.printable import printable

PACKAGE = os.path.dirname(__file__) + os.sep
VERBOSITIES = ("debug", "info", "warning", "error")


@contextlib.contextmanager
def logged_plainly(verbosity: str) -> Iterator[None]:
    """Within, what is told goes to stderr, from this one of VERBOSITIES on; then all is as it was."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Lines())
    handler.addFilter(_is_ours)
    logger = absl.logging.get_absl_logger()
    before = logger.handlers, logger.propagate, absl.logging.get_verbosity()
    logger.handlers, logger.propagate = [handler], False
    absl.logging.set_verbosity(verbosity)
    theirs = logging.getLogger("tensorflow")
    if verbosity != "debug":  # or a few predictions in one process are a paragraph about tracing
        theirs.addFilter(_is_error)  # no level, for in a notebook TensorFlow sets that when it is imported
    try:
        yield
    finally:
        theirs.removeFilter(_is_error)
        logger.handlers, logger.propagate = before[:2]
        absl.logging.set_verbosity(before[2])


@contextlib.contextmanager
def errors_alone() -> Iterator[None]:
    """Within, nothing less is told: what is done again, which has been told."""
    before = absl.logging.get_verbosity()
    absl.logging.set_verbosity(min(before, absl.logging.ERROR))
    try:
        yield
    finally:
        absl.logging.set_verbosity(before)


class _Lines(logging.Formatter):
    """The message alone."""

    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record))


def _is_error(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.ERROR


def _is_ours(record: logging.LogRecord) -> bool:
    """TensorFlow logs through absl as well, for its developers: of that only errors are shown."""
    return _is_error(record) or record.pathname.startswith(PACKAGE)
