import pandas as pd
import pytest

from retrain import files
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
        ("a.csv", "path;kind\n1.jpg;007\n2.jpg;\n"),
        ("a.csv", " path , kind,,\n1.jpg,007,,\n2.jpg,,,\n"),
        ("a.csv", "path,kind\n1.jpg,007,\n2.jpg,,\n"),
        ("a.csv", ",path,kind\n0,1.jpg,007\n1,2.jpg,\n"),
        ("a.json", '{"path": "1.jpg", "kind": "007"}\n{"path": "2.jpg", "kind": null}\n'),
        ("a.json", '\n[{"path": "1.jpg", "kind": "007"},\n {"path": "2.jpg", "kind": null}]'),
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


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("1.jpg,cat\n2.jpg,dog\n", "'path' and 'label'"),
        ("1.jpg,cat,\n2.jpg,dog,\n", "'path' and 'label'"),
        ("cat,1.jpg\ndog,2.jpg\n", "'label' and 'path'"),
    ],
)
def test_a_first_row_that_names_an_image_is_no_header(tmp_path, told, text, columns):
    files.write_text(tmp_path / "a.csv", text)
    path = str(tmp_path / "a.csv")
    table = read_cells(path)
    assert list(table.columns) == ["path", "label"]
    assert table.to_dict("list") == {"path": ["1.jpg", "2.jpg"], "label": ["cat", "dog"]}
    assert told == [
        f"--labels_file={path!r} has no header, as its first row names an image ('1.jpg'): its columns are "
        f"read as {columns}."
    ]


def test_a_first_row_may_name_an_image_without_its_ending(tmp_path):
    files.write_text(tmp_path / "photos" / "a1.png", "")
    files.write_text(tmp_path / "a.csv", "a1,cat\na2,dog\na3,cat\n")
    table = read_cells(str(tmp_path / "a.csv"), str(tmp_path / "photos"))
    assert table.to_dict("list") == {"path": ["a1", "a2", "a3"], "label": ["cat", "dog", "cat"]}


def test_a_header_may_be_called_as_a_file_is(tmp_path):
    files.write_text(tmp_path / "image.png", "")
    files.write_text(tmp_path / "a.csv", "image,kind\n1.jpg,cat\n")
    assert list(read_cells(str(tmp_path / "a.csv"), str(tmp_path)).columns) == ["image", "kind"]


def test_more_columns_than_two_need_a_header(tmp_path):
    files.write_text(tmp_path / "a.csv", "train,1.jpg,cat\ntest,2.jpg,dog\n")
    path = str(tmp_path / "a.csv")
    assert sentence(read_cells, path) == (
        f"--labels_file={path!r} has no header, as its first row names an image ('train', '1.jpg', 'cat'), "
        "but with 3 columns it needs one: add a first row with the names of the columns, such as 'path' and "
        "'label'."
    )


def test_names_of_columns_are_told_apart(tmp_path):
    files.write_text(tmp_path / "a.csv", "path,kind, kind\n1.jpg,cat,dog\n")
    path = str(tmp_path / "a.csv")
    assert sentence(read_cells, path) == (
        f"--labels_file={path!r} has two columns 'kind': rename one of them."
    )


def test_rows_that_are_longer_than_the_header_lose_nothing_in_silence(tmp_path):
    files.write_text(tmp_path / "a.csv", "path,kind\n1.jpg,cat,small\n2.jpg,dog,big\n")
    path = str(tmp_path / "a.csv")
    assert sentence(read_cells, path) == (
        f"--labels_file={path!r} has rows with more cells than its header names: name every column, or put "
        "cells with a separator in them into quotes."
    )


def test_a_dump_of_annotations_is_no_table(tmp_path):
    files.write_text(tmp_path / "a.json", '{"images": [{"id": 1}],\n "annotations": []}')
    path = str(tmp_path / "a.json")
    assert sentence(read_cells, path) == (
        f"--labels_file={path!r} is one JSON object with 'images', 'annotations' (as COCO's are), but one "
        "object for each image was expected, as JSON lines or an array: write such a table from it."
    )


@pytest.mark.parametrize("cell", [{"bytes": b"\x89PNG", "path": "1.png"}, b"\x89PNG"])
def test_no_sentence_prints_an_image(tmp_path, cell):
    path = str(tmp_path / "a.parquet")
    pd.DataFrame({"image": [cell], "label": [1]}).to_parquet(path)
    assert sentence(read_cells, path) == (
        f"--labels_file={path!r} has images themselves in column 'image', but a table of paths was expected: "
        "write them to files, and a table that names these."
    )


def test_the_tree_of_label_studio(tmp_path):
    files.write_text(tmp_path / "a.json", '[{"id": 1, "annotations": [{}], "data": {"image": "1.jpg"}}]')
    path = str(tmp_path / "a.json")
    assert sentence(read_cells, path) == (
        f"--labels_file={path!r} is Label Studio's full JSON, but one object with a path and labels for each "
        "image was expected: export as JSON-MIN or CSV, and name the column with --path_column."
    )
