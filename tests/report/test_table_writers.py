import io
import json

import numpy as np
import pandas as pd
import pytest

from retrain.report.table_writers import separated, write_csv, write_json_lines, write_tsv

BLOCKS = [
    pd.DataFrame({"path": ['a, "b".jpg', "玫瑰\t.jpg"], "probability": [0.1, 1e-06]}),
    pd.DataFrame({"path": ["c\n.jpg"], "probability": [1.0]}),
]
VECTORS = [
    pd.DataFrame({"path": [name], "features": [np.float32([0.1, value])]})
    for name, value in [("a", 1), ("b", 2)]
]


def written(write, blocks) -> str:
    file = io.BytesIO()
    write(blocks, file)
    return file.getvalue().decode()


@pytest.mark.parametrize(("write", "separator"), [(write_csv, ","), (write_tsv, "\t")])
def test_one_header_and_all_rows_with_what_must_be_in_quotes(write, separator):
    text = written(write, BLOCKS)
    assert text == "".join(separated(BLOCKS, separator))
    again = pd.read_csv(io.StringIO(text, newline=""), sep=separator)
    pd.testing.assert_frame_equal(again, pd.concat(BLOCKS, ignore_index=True))
    assert "\r" not in text


def test_an_object_a_line():
    lines = written(write_json_lines, BLOCKS).splitlines()
    assert lines[0] == '{"path": "a, \\"b\\".jpg", "probability": 0.1}'
    rows = [{"path": "玫瑰\t.jpg", "probability": 1e-06}, {"path": "c\n.jpg", "probability": 1.0}]
    assert [json.loads(line) for line in lines[1:]] == rows


def test_a_vector_is_columns_or_a_list():
    assert written(write_csv, VECTORS) == "path,features_0,features_1\na,0.1,1.0\nb,0.1,2.0\n"
    first = json.loads(written(write_json_lines, VECTORS).splitlines()[0])
    assert first == {"path": "a", "features": [float(np.float32(0.1)), 1.0]}
