import io

import pyarrow.parquet as pq

from retrain.report.parquet_writer import write_parquet
from tests.report.test_table_writers import BLOCKS, VECTORS


def test_a_row_group_a_block_of_the_types_there_are():
    file = io.BytesIO()
    write_parquet(iter(BLOCKS), file)
    read = pq.ParquetFile(file)
    assert read.num_row_groups == 2
    assert read.read().to_pylist() == [row for block in BLOCKS for row in block.to_dict("records")]


def test_vectors_are_lists():
    file = io.BytesIO()
    write_parquet(VECTORS, file)
    table = pq.read_table(file)
    assert str(table.schema.field("features").type) == "list<element: float>"
    assert table["features"].to_pylist()[1][1] == 2.0
