"""Whether a .tar.gz is whole: its checksum stands at its end, and readers of tar files stop before that."""

import gzip
import tarfile
import zlib
from typing import BinaryIO

# What reading one raises that is not whole.
GZIP_ERRORS = (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error)
GZIP, BLOCK = b"\x1f\x8b", 2**20


def check_gzip(content: BinaryIO) -> None:
    """Raises one of GZIP_ERRORS for a file that is damaged, and leaves others and it at their beginning."""
    content.seek(0)
    is_gzip = content.read(len(GZIP)) == GZIP
    content.seek(0)
    if is_gzip:
        with gzip.open(content) as unpacked:
            read_to_the_end(unpacked)
        content.seek(0)


def read_to_the_end(unpacked: BinaryIO) -> None:
    """The rest of what is in a gzip file, whose checksum is compared then."""
    while unpacked.read(BLOCK):
        pass
