"""Files and folders at addresses, through TensorFlow's file systems; its errors are OSError, as Python's are.

Whether an entry of a folder is one itself is asked of those alone that do not end as images do: of 100 000
it would take an hour.
"""

import contextlib
import errno
import io
import os
import secrets
import sys
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import tensorflow as tf

from retrain.addresses import is_address
from retrain.files import PARTIAL
from retrain.image_formats import EXTENSIONS

MEMORY = "ram://"  # lists in a folder `export` that of `exports.json` which is more than its name, too
NO_NAMES = ("", ".", "..")  # an object may be called so, and its copy would lie outside of a folder
FILES = sys.modules[__name__]
NUMBERS = {tf.errors.NotFoundError: errno.ENOENT, tf.errors.PermissionDeniedError: errno.EACCES}


class Entry(NamedTuple):
    """As os.DirEntry; there are no links."""

    name: str
    path: str
    is_folder: bool

    def is_dir(self, follow_symlinks: bool = True) -> bool:
        return self.is_folder

    def is_file(self, follow_symlinks: bool = True) -> bool:
        return not self.is_folder

    def is_symlink(self) -> bool:
        return False


def opened(path: str) -> BinaryIO:
    """All of its bytes, to be read from."""
    with _as_os_error(path), tf.io.gfile.GFile(path, "rb") as file:
        return io.BytesIO(file.read())


def status(path: str) -> tuple[int, int, bool]:
    """Bytes, time of change in nanoseconds, and whether it is a file."""
    with _as_os_error(path):
        found = tf.io.gfile.stat(path)
    return found.length, found.mtime_nsec, not found.is_directory


def is_file(path: str) -> bool:
    """Whether there is one."""
    try:
        return status(path)[2]
    except FileNotFoundError:
        return False


def entries(folder: str) -> list[Entry]:
    """What lies directly in a folder."""
    with _as_os_error(folder):
        names = [name for name in tf.io.gfile.listdir(folder) if name.strip("/") not in NO_NAMES]
        if folder.startswith(MEMORY):
            names = [name for name in names if tf.io.gfile.exists(os.path.join(folder, name))]
        return [_entry(folder, name) for name in names]


def files_below(folder: str) -> dict[str, tuple[int, int]]:
    """At any depth, sorted: bytes and time of change in nanoseconds by the path from there."""
    found, pending = {}, [""]
    while pending:
        prefix = pending.pop()
        for entry in entries(os.path.join(folder, prefix)):
            path = f"{prefix}{entry.name}"
            if entry.is_folder:
                pending.append(f"{path}/")
            else:
                found[path] = status(entry.path)[:2]
    return dict(sorted(found.items()))


def copy(source: str, target: str) -> None:
    """A file, from or to an address, in one step; the folders around it are made, one there is replaced."""
    folder, name = os.path.split(target)
    partial = os.path.join(folder, f".{name}.{secrets.token_hex(4)}{PARTIAL}")
    with _as_os_error(target if is_address(target) else source):
        tf.io.gfile.makedirs(folder)
        tf.io.gfile.copy(source, partial)
        tf.io.gfile.rename(partial, target, overwrite=True)


def remove(path: str) -> None:
    """A file."""
    with _as_os_error(path):
        tf.io.gfile.remove(path)


def _entry(folder: str, name: str) -> Entry:
    path = os.path.join(folder, name.rstrip("/"))
    is_folder = name.endswith("/") or (not name.lower().endswith(EXTENSIONS) and tf.io.gfile.isdir(path))
    return Entry(name.rstrip("/"), path, is_folder)


@contextlib.contextmanager
def _as_os_error(path: str) -> Iterator[None]:
    try:
        yield
    except tf.errors.OpError as error:
        words = " ".join(error.message.split())
        raise OSError(NUMBERS.get(type(error), errno.EIO), words, path) from error
