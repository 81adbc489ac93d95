import csv
import io

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrain.csv_text import csv_text
from retrain.data.table_file import read_cells

# Whatever a file may be called, but for what is no UTF-8; of blanks alone, it would be no label.
NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
SHOWN = st.sampled_from(
    ["=1+1", "+a", "-b", "@c", " x ", 'a"b', "a,b", "a\rb", "a\r\nb", "a\nb", "\t", "NA", "\x0b"]
)
OPTIONS = {"dtype": str, "keep_default_na": False}


@given(st.lists(NAMES | SHOWN, min_size=1))
def test_any_cell_is_read_again_as_it_was(names):
    text = csv_text(pd.DataFrame({"path": names, "number": range(len(names))}))
    assert [row["path"] for row in csv.DictReader(io.StringIO(text, newline=""))] == names
    assert pd.read_csv(io.StringIO(text, newline=""), **OPTIONS)["path"].tolist() == names
    assert text.startswith("path,number\n")


@pytest.mark.parametrize("name", ["=1+1", "a\rb.jpg", 'a "b",\n.jpg', "x\r\ny.jpg"])
def test_our_own_reading_gives_it_back(tmp_path, name):
    path = tmp_path / "predictions.csv"
    path.write_bytes(csv_text(pd.DataFrame({"path": [name, "b.jpg"], "label": ["a", "b"]})).encode())
    assert read_cells(str(path))["path"].tolist() == [name, "b.jpg"]


def test_what_needs_no_quotes_has_none():
    table = pd.DataFrame({"path": ["a b.jpg", "=c"], "probability": [0.5, 1e-06]})
    assert csv_text(table) == "path,probability\na b.jpg,0.5\n=c,1e-06\n"
    assert csv_text(table, "\t", header=False) == "a b.jpg\t0.5\n=c\t1e-06\n"
