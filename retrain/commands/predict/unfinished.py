"""What a predict that was killed has left beside its table, by which the same command goes on.

Rows of the module's output, and a note of the folder into which the images were sorted: a folder gets its
name when all of them are in it, so that one of that name which the note tells of is whole.
"""

import hashlib
import os
import pathlib
import shutil
from typing import NamedTuple

from retrain.files import write_text

SORTED = "sorted"


def kept_beside(output: str) -> pathlib.Path:
    """The directory of all that is kept until the table is there."""
    path = pathlib.Path(output)
    return path.with_name(f".{path.name}.partial")


def forget(output: str) -> None:
    """Removes it: the table is there."""
    shutil.rmtree(kept_beside(output), ignore_errors=True)


class SortedNote(NamedTuple):
    """Says that a folder was sorted by a command; `command` is all that it was given."""

    output: str
    command: str

    def write(self, directory: str) -> None:
        """Of the folder that is there now, whatever it will be called."""
        write_text(kept_beside(self.output) / SORTED, self._text(directory))

    def is_of(self, directory: str) -> bool:
        """Whether the folder is the one that was noted, and the command the same."""
        try:
            return (kept_beside(self.output) / SORTED).read_text("utf-8") == self._text(directory)
        except OSError:
            return False

    def _text(self, directory: str) -> str:
        status = os.stat(directory)
        return f"{status.st_dev} {status.st_ino} {hashlib.sha256(self.command.encode()).hexdigest()}"
