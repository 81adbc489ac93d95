"""What an archive of a module may hold: each member is looked at before anything of it is written."""

import pathlib
import tarfile
from collections.abc import Iterator

from retrain.errors import InputError

MOST_FILES = 10_000  # the largest published modules have 2 GiB, in some dozens of files


def check_size(handle: str, size: int, count: int, max_gb: float, by_hand: str) -> None:
    """InputError for more bytes than `max_gb` GiB, or more files than any module has."""
    is_large = size > max_gb * 2**30
    if is_large or count > MOST_FILES:
        most = f"{max_gb:g} GiB" if is_large else f"{MOST_FILES} files"
        raise InputError(
            f"{handle!r} holds more than {most}, and modules hold less: if it is one all the same, "
            f"{'give a larger --max_archive_gb, or ' if is_large else ''}{by_hand}."
        )


def looked_at(tar: tarfile.TarFile, handle: str, max_gb: float) -> Iterator[tarfile.TarInfo]:
    """Its files and folders, in order; InputError where there is anything else, or too much."""
    size = 0
    for count, member in enumerate(tar, 1):
        size += member.size
        check_size(handle, size, count, max_gb, "unpack it yourself")
        # Not left to the filter of Python: that before 3.11.13 lets links lead out.
        if not (member.isreg() or member.isdir()) or ".." in pathlib.PurePosixPath(member.name).parts:
            raise InputError(
                f"{handle!r} is not unpacked: {member.name!r} in it is no file or folder below it, and "
                f"modules are made of these: get the module from elsewhere."
            )
        yield member
