import pandas as pd
import pytest

from retrain import files
from retrain.data.table_file import read_cells
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
        ("a.csv", '"","path","kind"\n"1","1.jpg","007"\n"2","2.jpg",\n'),
        ("a.csv", ",Unnamed: 0,path,kind\n0,17,1.jpg,007\n1,4,2.jpg,\n"),
        ("a.csv", '"path", "kind"\n"1.jpg", "007"\n"2.jpg", \n'),
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
    path = str(tmp_path / "a.csv")
    for text in ("path,kind\n", "", " \n"):
        (tmp_path / "a.csv").write_text(text)
        assert sentence(read_cells, path) == (
            f"--labels_file={path!r} has no rows, but one for each image was expected: add some."
        )
    gone = str(tmp_path / "gone.csv")
    assert sentence(read_cells, gone) == (
        f"--labels_file={gone!r} was expected to be a table with a row for each image (CSV, TSV, Parquet or "
        f"JSON lines), but cannot be read (No such file or directory): name such a file."
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
        f"--labels_file={path!r} has no header, as its first row names an image ('1.jpg'): it is read as "
        f"{columns}."
    ]


def test_a_list_of_images_alone(tmp_path):
    files.write_text(tmp_path / "train.txt", "./a/1.jpg\n./b/2.jpg\n")
    assert read_cells(str(tmp_path / "train.txt")).to_dict("list") == {"path": ["./a/1.jpg", "./b/2.jpg"]}


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


def test_a_row_of_0_and_1_is_no_header(tmp_path):
    files.write_text(tmp_path / "photos" / "0_left.png", "")
    files.write_text(tmp_path / "a.csv", "0_left,0,1,0\n0_right,0,1,0\n")
    path = str(tmp_path / "a.csv")
    assert sentence(read_cells, path, str(tmp_path / "photos")).startswith(
        f"--labels_file={path!r} has no header, as its first row names an image ('0_left', '0', '1'), but "
        "with 4 columns it needs one"
    )


def test_names_of_columns_are_told_apart(tmp_path):
    path = str(tmp_path / "a.csv")
    for names in ("path,kind, kind", "path,kind,kind"):
        files.write_text(tmp_path / "a.csv", f"{names}\n1.jpg,cat,dog\n")
        assert sentence(read_cells, path) == (
            f"--labels_file={path!r} has two columns 'kind': rename one of them."
        )


def test_names_that_stand_again_among_the_rows(tmp_path, told):
    files.write_text(tmp_path / "a.csv", "path,kind\n1.jpg,cat\npath,kind\n2.jpg,dog\n")
    path = str(tmp_path / "a.csv")
    assert read_cells(path).to_dict("list") == {"path": ["1.jpg", "2.jpg"], "kind": ["cat", "dog"]}
    assert told == [
        f"--labels_file={path!r} has the names of its columns again in 1 rows, which are left out."
    ]


def test_a_number_before_each_path_is_no_label(tmp_path, told):
    files.write_text(tmp_path / "images.txt", "1 a/1.jpg\n2 b/2.jpg\n")
    path = str(tmp_path / "images.txt")
    assert read_cells(path).to_dict("list") == {"path": ["a/1.jpg", "b/2.jpg"]}
    assert told[1:] == [
        f"--labels_file={path!r} has no header, as its first row names an image ('a/1.jpg'): it is read as "
        "'number of the row' and 'path'."
    ]


def test_rows_that_are_longer_than_the_header_lose_nothing_in_silence(tmp_path):
    path = str(tmp_path / "a.csv")
    for rows in (
        "1.jpg,cat,small\n2.jpg,dog,big\n",
        "1.jpg,cat,small\n2.jpg,dog\n",
        "0.jpg,dog\n1.jpg,cat,big\n",
    ):
        files.write_text(tmp_path / "a.csv", f"path,kind\n{rows}")
        assert sentence(read_cells, path) == (
            f"--labels_file={path!r} has rows with more cells than its header names, such as that of "
            "'1.jpg': name every column, or put cells with a separator in them into quotes."
        )


@pytest.mark.parametrize(
    ("name", "text", "what"),
    [
        ("a.xml", "<?xml version='1.0'?><annotations/>", "an XML or HTML file (as CVAT's)"),
        ("Annotations", None, "a folder of XML files (as Pascal VOC's)"),
    ],
)
def test_annotations_in_xml_are_no_table(tmp_path, name, text, what):
    path = str(tmp_path / name)
    files.write_text(tmp_path / name if text else tmp_path / name / "1.xml", text or "")
    assert sentence(read_cells, path) == (
        f"--labels_file={path!r} is {what}, but a table with a row for each image, its path and its labels, "
        "was expected: write such a table from it, as CSV."
    )


def test_json_is_known_by_its_text(tmp_path):
    files.write_text(tmp_path / "a.manifest", '{"path": "1.jpg", " kind ": 1}\n')
    table = read_cells(str(tmp_path / "a.manifest"))
    assert table.to_dict("list") == {"path": ["1.jpg"], "kind": ["1"]}


def test_empty_rows_are_left_out(tmp_path):
    files.write_text(tmp_path / "a.csv", "path,kind\n1.jpg,cat\n,\n2.jpg,dog\n,\n")
    assert read_cells(str(tmp_path / "a.csv"))["path"].tolist() == ["1.jpg", "2.jpg"]


def test_every_column_has_a_name(tmp_path):
    files.write_text(tmp_path / "a.csv", "My labels,\npath,kind\n1.jpg,cat\n")
    path = str(tmp_path / "a.csv")
    assert sentence(read_cells, path) == (
        f"--labels_file={path!r} has a column without a name beside 'My labels': name it in the first row, "
        "and remove what stands above the names."
    )
