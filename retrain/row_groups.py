"""Images in the rows of a Parquet file, read a row group at a time, which is how they are compressed.

Rows that lie beside each other are asked for one after the other, by several threads: the groups that were
read last are kept.
"""

import collections
import errno
import functools
import os
import threading
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

KEPT = 2**26  # bytes of row groups; two of them where they are larger
AT_ONCE = 2**20  # bytes that are read of a file
ROWS = 128  # that are decompressed at once


class Row(NamedTuple):
    """A row of a row group; its column of images; and how many bytes those of the row group are."""

    column: str
    group: int
    row: int
    size: int

    def content(self, shard: str) -> bytes:
        """The bytes of its image; OSError where they cannot be read."""
        try:
            return _kept.images(shard, self.column, self.group)[self.row].as_buffer().to_pybytes()
        except (pa.ArrowException, OSError, IndexError, AttributeError) as error:
            if isinstance(error, OSError) and error.errno:
                raise
            # As is a file that was written anew since its rows were counted.
            raise OSError(errno.EIO, "damaged", shard) from error


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
    """The images of the row groups that were read last."""

    def __init__(self):
        self._groups: collections.OrderedDict[tuple, pa.ChunkedArray] = collections.OrderedDict()
        self._one_reads = threading.Lock()

    def images(self, path: str, column: str, group: int) -> pa.ChunkedArray:
        status = os.stat(path)
        key = (os.path.abspath(path), status.st_size, status.st_mtime_ns, column, group)
        with self._one_reads:
            if key in self._groups:
                self._groups.move_to_end(key)
                return self._groups[key]
            self._groups[key] = found = values(path, column, group)
            while len(self._groups) > 2 and sum(kept.nbytes for kept in self._groups.values()) > KEPT:
                self._groups.popitem(last=False)
            return found


_kept = _Kept()
