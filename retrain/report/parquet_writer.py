"""Writes Parquet block by block, with pyarrow, the extra `parquet`."""

from collections.abc import Iterable
from typing import BinaryIO

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq


def write_parquet(blocks: Iterable[pd.DataFrame], file: BinaryIO) -> None:
    """A row group for each block, one at least; a vector is a list."""
    blocks = iter(blocks)
    first = pa.Table.from_pandas(next(blocks), preserve_index=False)
    with pq.ParquetWriter(file, first.schema) as writer:
        writer.write_table(first)
        for block in blocks:
            writer.write_table(pa.Table.from_pandas(block, first.schema, preserve_index=False))
