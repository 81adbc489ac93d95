"""Notes on single images: a few on the log, and how many more there are."""

from collections.abc import Sequence

from absl import logging

SHOWN_NOTES = 5


def log_notes(notes: Sequence[str], what: str) -> None:
    """The first few, and how many more there are of `what`."""
    for note in notes[:SHOWN_NOTES]:
        logging.info("%s", note)
    more = len(notes) - SHOWN_NOTES
    if more > 0:
        logging.info("... and %d more %s", more, what)
