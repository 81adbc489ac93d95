"""An image's file: one on the disk, or a member of a shard, which is called as if that were a folder.

DIR/train-000.tar/000123.jpg is 000123.jpg in DIR/train-000.tar, unless a folder is called so. A shard is a
tar file, or one of TFRecord or Parquet. A file may lie at an address that TensorFlow reads, too.
"""

import errno
import io
import os
import re
import stat
from typing import BinaryIO, NamedTuple

from retrain import parquet, record_members, tar_members
from retrain.addresses import is_address, reader
from retrain.image_formats import LONGEST, format_of
from retrain.members import Located, Members
from retrain.parquet import is_parquet
from retrain.record_members import is_records
from retrain.tar_members import is_tar

# The end of what may be the name of a shard, in the path of a member.
INSIDE = re.compile(
    rf"({re.escape(tar_members.ENDING)}|{record_members.ENDING}|{parquet.ENDING})/", re.IGNORECASE
)


class FileStatus(NamedTuple):
    """By what a changed file is known; of a member the time of its shard."""

    size: int
    mtime_ns: int
    is_file: bool = True


class Member(NamedTuple):
    """A shard, and a name in it."""

    shard: str
    name: str


def member_of(path: str) -> Member | None:
    """The member that a path leads to, be it there or not; None for the path of a file."""
    for found in INSIDE.finditer(path):
        shard = path[: found.end() - 1]
        if is_shard(shard):
            return Member(shard, path[found.end() :])
    return None


def is_shard(path: str) -> bool:
    """Whether this is a file of one of the forms of shards, by its name; of Parquet by its columns, too."""
    return is_tar(path) or is_records(path) or is_parquet(path)


def members_of(shard: str) -> Members:
    """What lies in it; InputError for what is no whole file of its form."""
    if is_tar(shard):
        return tar_members.members_of(shard)
    return (record_members if is_records(shard) else parquet.reader_of(shard)).members_of(shard)


def contents(path: str) -> bytes:
    """All bytes; OSError where there are none to be read."""
    with opened(path) as file:
        return file.read()


def opened(path: str) -> BinaryIO:
    """To be read from; OSError where it cannot be."""
    if is_address(path):
        return reader().opened(path)
    member = member_of(path)
    if member is None:
        return open(path, "rb")
    return io.BytesIO(_place(member).content(member.shard))


def status(path: str) -> FileStatus:
    """OSError where there is nothing."""
    if is_address(path):
        return FileStatus(*reader().status(path))
    member = member_of(path)
    found = os.stat(member.shard if member else path)
    size = _place(member).length(member.shard) if member else found.st_size
    return FileStatus(size, found.st_mtime_ns, stat.S_ISREG(found.st_mode))


def is_file(path: str) -> bool:
    """Whether there is a file, or a member."""
    if is_address(path):
        return reader().is_file(path)
    member = member_of(path)
    return member.name in members_of(member.shard).places if member else os.path.isfile(path)


def begins_like_image(path: str) -> bool:
    """Whether the first bytes of the file are those of an image."""
    try:
        with opened(path) as file:
            return bool(format_of(file.read(LONGEST)))
    except OSError:
        return False


def _place(member: Member) -> Located:
    try:
        return members_of(member.shard).places[member.name]
    except KeyError:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), "/".join(member)) from None
