import pandas as pd
import pytest

from retrain.data.table_file import check_column, read_cells
from retrain.errors import InputError


def sentence(function, *arguments) -> str:
    with pytest.raises(InputError) as raised:
        function(*arguments)
    return str(raised.value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "path,kind\n1.jpg,007\n2.jpg,\n"),
        ("a.csv", "\ufeffpath,kind\r\n1.jpg,007\r\n2.jpg,\r\n"),
        ("a.TSV", "path\tkind\n1.jpg\t007\n2.jpg\t\n"),
        ("a.json", '{"path": "1.jpg", "kind": "007"}\n{"path": "2.jpg", "kind": null}\n'),
    ],
)
def test_cells_are_text_and_empty_ones_are_none(tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    assert read_cells(str(tmp_path / name)).to_dict("list") == {
        "path": ["1.jpg", "2.jpg"],
        "kind": ["007", None],
    }


def test_parquet_has_types_of_its_own(tmp_path):
    path = str(tmp_path / "a.parquet")
    pd.DataFrame({"path": ["1.jpg", "2.jpg"], "tags": [["a", "b"], None], "n": [3.0, 0.5]}).to_parquet(path)
    assert read_cells(path).to_dict("list") == {
        "path": ["1.jpg", "2.jpg"],
        "tags": ["a|b", None],
        "n": ["3", "0.5"],
    }


def test_what_is_no_table(tmp_path):
    (tmp_path / "a.csv").write_text("path,kind\n")
    path = str(tmp_path / "a.csv")
    assert sentence(read_cells, path) == (
        f"--labels_file={path!r} has no rows, but one for each image was expected: add some."
    )
    gone = str(tmp_path / "gone.csv")
    assert sentence(read_cells, gone) == (
        f"--labels_file={gone!r} was expected to be a table with a row for each image (CSV, TSV, Parquet or "
        f"JSON lines), but cannot be read (No such file or directory): name such a file."
    )


def test_a_column_that_is_not_there():
    table = pd.DataFrame(columns=["path", "kind"])
    check_column("a.csv", table, "kind", "path column")
    assert sentence(check_column, "a.csv", table, "zzz", "path column") == (
        "--labels_file='a.csv' has no path column 'zzz'; its columns are 'path', 'kind': name one of them."
    )
