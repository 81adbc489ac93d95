"""What lies in a tar file, and where: members are read in place, and never unpacked.

Only plain files are members. What leads elsewhere, or out of the archive, is left out with its reason; the
headers of a stranger's archive take bounded memory. Each file is gone through once a process.
"""

import functools
import os
import posixpath
import tarfile
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

from retrain.errors import InputError
from retrain.members import Members, Place

ENDING = ".tar"
LONGEST_HEADER = 2**20  # bytes; those of long names and of numbers take a few hundred


def is_tar(path: str) -> bool:
    """Whether this is a file that is called as tar files are."""
    return path.lower().endswith(ENDING) and os.path.isfile(path)


def members_of(tar: str) -> Members:
    """What lies in the file as it is now; InputError for what is no whole tar file without compression."""
    status = os.stat(tar)
    return _members(os.path.abspath(tar), status.st_size, status.st_mtime_ns)


@functools.cache
def _members(tar: str, size: int, mtime_ns: int) -> Members:
    places: dict[str, Place] = {}
    left_out: Counter[str] = Counter()
    try:
        with open(tar, "rb") as file:
            for entry in _entries(file):
                name = posixpath.normpath(entry.name)
                if why := _why_not(entry, name):
                    left_out[why] += 1
                elif not entry.isdir():
                    places[name] = Place(entry.offset_data, entry.size)
    except OSError as error:
        raise InputError(f"{tar!r} cannot be read ({error.strerror}): make it readable.") from error
    except Exception as error:  # whatever tarfile makes of a damaged header
        raise InputError(
            f"{tar!r} cannot be read beyond {len(places)} files ({error}), but a whole tar file without "
            "compression was expected, for images are read in place: fetch or pack it again."
        ) from error
    return Members(places, left_out)


def _entries(file: BinaryIO) -> Iterator[tarfile.TarInfo]:
    """All entries up to the end of the archive; an error where it is damaged, or cut off."""
    with tarfile.open(fileobj=_Headers(file), mode="r:", errors="surrogateescape") as archive:
        before = -1
        while (entry := archive.next()) is not None:
            archive.members.clear()  # it keeps all of them, a kilobyte each
            if entry.size < 0 or entry.offset_data <= before:
                raise tarfile.ReadError("a header leads back")
            before = entry.offset_data
            yield entry
        file.seek(archive.offset)
        if any(file.read(tarfile.BLOCKSIZE)):
            raise tarfile.ReadError("a header is damaged")


class _Headers:
    """The file as tarfile reads it: at a header's word, which may be a lie, it would read all."""

    def __init__(self, file: BinaryIO):
        self.tell, self.seek, self._read = file.tell, file.seek, file.read

    def read(self, size: int) -> bytes:
        if not 0 <= size <= LONGEST_HEADER:
            raise tarfile.ReadError(f"a header of {size} bytes")
        return self._read(size)


def _why_not(entry: tarfile.TarInfo, name: str) -> str:
    """Why an entry is no member, in a few words; nothing for folders."""
    if entry.islnk() or entry.issym():
        return "links in tar files"
    if not (entry.isreg() or entry.isdir()) or entry.issparse():
        return "devices and the like in tar files"
    if name.startswith(("/", "../")) or name in ("", "..") or "\0" in name:
        return "names that lead out of a tar file"
    return "" if name.isprintable() else "names in tar files that cannot be printed"
