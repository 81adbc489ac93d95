"""Images in the rows of a Parquet file, read a row group at a time, which is how they are compressed.

Rows that lie beside each other are asked for one after the other, by several threads: the groups that were
read last are kept. How long images are is known only once they are decompressed, and kept of all of them.
"""

import array
import collections
import contextlib
import errno
import functools
import os
import threading
from collections.abc import Iterator
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

KEPT = 2**26  # bytes of row groups; two of them where they are larger
AT_ONCE = 2**20  # bytes that are read of a file
ROWS = 128  # that are decompressed at once


class Row(NamedTuple):
    """A row of a row group, and its column of images."""

    column: str
    group: int
    row: int

    def length(self, shard: str) -> int:
        """How many bytes its image has; OSError where they cannot be read."""
        with _readable(shard):
            return int(_kept.lengths(shard, self.column, self.group)[self.row])

    def content(self, shard: str) -> bytes:
        """The bytes of its image; OSError where they cannot be read."""
        with _readable(shard):
            return _kept.images(shard, self.column, self.group)[self.row].as_buffer().to_pybytes()


def metadata_of(path: str) -> pq.FileMetaData:
    """What the file says of itself, as it is now; OSError or pyarrow.ArrowException where it is none."""
    status = os.stat(path)
    return _metadata(os.path.abspath(path), status.st_size, status.st_mtime_ns)


def values(path: str, column: str, group: int | None = None) -> pa.ChunkedArray:
    """All of a column, or of a field of its structs as COLUMN.FIELD; of one row group where it is said."""
    with pq.ParquetFile(path, metadata=metadata_of(path), pre_buffer=False, buffer_size=AT_ONCE) as file:
        groups = range(file.num_row_groups) if group is None else [group]
        # Of all rows at once twice their bytes would be in memory, to make one array of them.
        batches = [*file.iter_batches(ROWS, groups, [column], use_threads=False)]
    return pa.chunked_array(map(_values, batches), _values(batches[0]).type if batches else pa.null())


def _values(batch: pa.RecordBatch) -> pa.Array:
    """Of the only column, or of the only field of its structs."""
    values = batch.column(0)
    return values.flatten()[0] if pa.types.is_struct(values.type) else values


@functools.lru_cache(16)
def _metadata(path: str, size: int, mtime_ns: int) -> pq.FileMetaData:
    return pq.read_metadata(path)


class _Kept:
    """The images of the row groups that were read last, and how long those of all are."""

    def __init__(self):
        self._groups: collections.OrderedDict[tuple, pa.ChunkedArray] = collections.OrderedDict()
        self._bytes = 0
        self._lengths: dict[tuple, array.array] = {}
        self._one_reads = threading.Lock()

    def images(self, path: str, column: str, group: int) -> pa.ChunkedArray:
        key = self._key(path, column, group)
        with self._one_reads:
            return self._read(key, path)

    def lengths(self, path: str, column: str, group: int) -> array.array:
        key = self._key(path, column, group)
        with self._one_reads:
            if key not in self._lengths:
                lengths = pc.binary_length(self._read(key, path)).fill_null(0)
                self._lengths[key] = array.array("q", lengths.to_pylist())
            return self._lengths[key]

    def _key(self, path: str, column: str, group: int) -> tuple:
        status = os.stat(path)
        return os.path.abspath(path), status.st_size, status.st_mtime_ns, column, group

    def _read(self, key: tuple, path: str) -> pa.ChunkedArray:
        if key in self._groups:
            self._groups.move_to_end(key)
            return self._groups[key]
        self._groups[key] = found = values(path, *key[-2:])
        self._bytes += found.nbytes
        while len(self._groups) > 2 and self._bytes > KEPT:
            self._bytes -= self._groups.popitem(last=False)[1].nbytes
        return found


@contextlib.contextmanager
def _readable(path: str) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, IndexError, AttributeError) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        # As is a file that was written anew since its rows were counted.
        raise OSError(errno.EIO, "damaged", path) from error


_kept = _Kept()
