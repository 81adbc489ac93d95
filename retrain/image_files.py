"""An image's file: one on the disk, or a member of a tar file, which is called as if that were a folder.

DIR/train-000.tar/000123.jpg is 000123.jpg in DIR/train-000.tar, unless a folder is called so.
"""

import errno
import io
import os
import re
import stat
from typing import BinaryIO, NamedTuple

from retrain.tar_members import ENDING, Place, is_tar, members_of

INSIDE = re.compile(rf"{re.escape(ENDING)}/", re.IGNORECASE)


class FileStatus(NamedTuple):
    """By what a changed file is known; of a member the time of its tar file."""

    size: int
    mtime_ns: int
    is_file: bool = True


class Member(NamedTuple):
    """A tar file, and a name in it."""

    tar: str
    name: str


def member_of(path: str) -> Member | None:
    """The member that a path leads to, be it there or not; None for the path of a file."""
    for found in INSIDE.finditer(path):
        tar = path[: found.end() - 1]
        if is_tar(tar):
            return Member(tar, path[found.end() :])
    return None


def contents(path: str) -> bytes:
    """All bytes; OSError where there are none to be read."""
    with opened(path) as file:
        return file.read()


def opened(path: str) -> BinaryIO:
    """To be read from; OSError where it cannot be."""
    member = member_of(path)
    if member is None:
        return open(path, "rb")
    place = _place(member)
    with open(member.tar, "rb") as file:
        file.seek(place.offset)
        return io.BytesIO(file.read(place.size))


def status(path: str) -> FileStatus:
    """OSError where there is nothing."""
    member = member_of(path)
    found = os.stat(member.tar if member else path)
    size = _place(member).size if member else found.st_size
    return FileStatus(size, found.st_mtime_ns, stat.S_ISREG(found.st_mode))


def is_file(path: str) -> bool:
    """Whether there is a file, or a member."""
    member = member_of(path)
    return member.name in members_of(member.tar).places if member else os.path.isfile(path)


def _place(member: Member) -> Place:
    try:
        return members_of(member.tar).places[member.name]
    except KeyError:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), "/".join(member)) from None
