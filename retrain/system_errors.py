"""What the system refuses, in a sentence with its path: a full disk, a place that may not be read or written.

All of that is the user's to mend. `writing` stands around what writes one file or directory, `refusals_told`
around all that a verb does.
"""

import contextlib
import errno
import os
import pathlib
import re
import shutil
import tempfile
from collections.abc import Iterator

from absl import logging

from retrain.errors import InputError, RefusedError

Path = str | os.PathLike[str]

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
# TensorFlow and others raise errors of their own with the system's words; NumPy's carry no reason at all.
NO_ROOM_WORDS = re.compile("|".join([*map(os.strerror, NO_ROOM), r"\d+ requested and \d+ written"]))
# What is the place's own, whatever file it was that could not be made in it.
NO_PLACE = (
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT),  # the last of /proc, and of what was removed
    *(errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP),
    *(errno.EFBIG, errno.EIO),
)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Says in a sentence that `path`, which the body writes, cannot be; errors of other files pass."""
    try:
        yield
    except Exception as error:
        sentence = _unwritten(error, pathlib.Path(path))
        if sentence is None:
            raise
        raise RefusedError(sentence) from error


@contextlib.contextmanager
def refusals_told(path: Path) -> Iterator[None]:
    """Says in a sentence whatever the system refuses; most of what is written goes to `path`."""
    try:
        yield
    except (InputError, BrokenPipeError):
        raise
    except Exception as error:
        sentence = _refusal(error, pathlib.Path(path))
        if sentence is None:
            raise
        logging.debug("%s", sentence, exc_info=True)
        raise RefusedError(sentence) from error


def _unwritten(error: Exception, path: pathlib.Path) -> str | None:
    if _has_no_room(error):
        return _no_room(path)
    number = getattr(error, "errno", None)
    if number is None and f".{path.name}." in str(error):  # TensorFlow names what is written beside
        number = next((one for one in NO_PLACE if os.strerror(one) in str(error)), None)
    if number not in NO_PLACE or not _concerns(error, path):
        return None
    # A file where a directory has to be made is "File exists" to the system, which would mislead.
    reason = os.strerror(errno.ENOTDIR if number == errno.EEXIST else number)
    return f"{str(path)!r} cannot be written ({reason}): name a place where it can be."


def _refusal(error: Exception, path: pathlib.Path) -> str | None:
    named = getattr(error, "filename", None)
    if _has_no_room(error):
        return _no_room(pathlib.Path(os.fsdecode(named)) if named else _fullest(path))
    if not isinstance(error, OSError) or error.errno is None:
        return None  # of a library, or of the network
    if named is None:
        return f"The system refused something ({error.strerror}): --verbosity=debug shows where."
    return (
        f"{os.fsdecode(named)!r} cannot be read or written ({error.strerror}): mend that, or name another "
        f"place."
    )


def _has_no_room(error: Exception) -> bool:
    return getattr(error, "errno", None) in NO_ROOM or bool(NO_ROOM_WORDS.search(str(error)))


def _concerns(error: Exception, path: pathlib.Path) -> bool:
    """Whether the error is about the place itself, rather than about something read while filling it.

    One of writing, not of opening, names no file.
    """
    named = getattr(error, "filename", None)
    if named is None:
        return True
    place = pathlib.Path(str(named))
    return place in (path, *path.parents) or place.suffix == ".partial" or place.with_suffix("") == path


def _no_room(path: pathlib.Path) -> str:
    free = _free(path) / 2**20
    return f"There is no room on the disk for {str(path)!r} ({free:.1f} MiB are free): name another place."


def _fullest(path: pathlib.Path) -> pathlib.Path:
    """The fuller one of the disks that are written to: that of the path, or of what is temporary."""
    return min(path, pathlib.Path(tempfile.gettempdir(), "retrain"), key=_free)


def _free(path: pathlib.Path) -> int:
    existing = next(place for place in path.absolute().parents if os.path.exists(place))
    return shutil.disk_usage(existing).free
