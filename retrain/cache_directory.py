"""Where things are kept that can be made again: unpacked modules, computed features."""

import errno
import functools
import itertools
import os
import pathlib
import tempfile

from absl import logging

BLOCK = 4096
NO_HOME = "~"  # which stays where nobody knows what it means


def user_cache_directory() -> pathlib.Path | None:
    """RETRAIN_CACHE_DIR when it is set, else the system's place for such things.

    None where nothing can be written, as in a container without a home, which is told once.
    """
    given = os.environ.get("RETRAIN_CACHE_DIR")
    if given:
        return _usable(os.path.expanduser(given))
    # Only now: most runs are told at once that they need no cache, or name their own.
    import platformdirs

    try:
        return _usable(platformdirs.user_cache_dir("retrain"))
    except RuntimeError:  # a user without HOME whom the system does not know
        return _usable(NO_HOME)


@functools.cache
def _usable(directory: str) -> pathlib.Path | None:
    complaint = _complaint(directory)
    if not complaint:
        return pathlib.Path(directory)
    logging.warning("%s: nothing is kept for later runs.", complaint)
    return None


def _complaint(directory: str) -> str:
    """Why nothing can be kept there; empty where it can."""
    if directory.startswith(NO_HOME):
        return "No home is known (HOME is not set)"
    try:
        os.makedirs(directory, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory) as file:
            file.write(bytes(BLOCK))  # where a quota is exhausted, an empty file may still be made
    except OSError as error:
        return f"{directory!r} cannot be written to ({error.strerror})"
    # A run as another user, by sudo or in a container, leaves directories of its own.
    inside = (pathlib.Path(directory).glob(pattern) for pattern in ("*/", "*/*/"))
    foreign = [str(place) for place in itertools.chain(*inside) if not os.access(place, os.R_OK | os.W_OK)]
    return f"{foreign[0]!r} cannot be written to ({os.strerror(errno.EACCES)})" if foreign else ""
