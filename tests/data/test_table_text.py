import codecs

import pytest

from retrain.data.table_text import read_text, separated
from retrain.errors import InputError

CALLED = "--labels_file='a.csv'"
TEXT = "path,kind\n1.jpg,Käfer\n2.jpg,Mücke\n"


@pytest.mark.parametrize(
    ("data", "called"),
    [
        (TEXT.encode(), None),
        (codecs.BOM_UTF8 + TEXT.encode(), None),
        (TEXT.encode("utf-16"), "UTF-16"),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "UTF-16"),
        (TEXT.encode("utf-16-le"), "UTF-16"),
        (TEXT.encode("utf-16-be"), "UTF-16"),
        (TEXT.encode("cp1252"), "Windows-1252"),
    ],
)
def test_the_encodings_of_spreadsheets_and_what_is_not_utf_8_is_told(tmp_path, told, data, called):
    (tmp_path / "a.csv").write_bytes(data)
    assert read_text(str(tmp_path / "a.csv"), CALLED) == TEXT
    assert told == ([f"{CALLED} is not UTF-8, and is read as {called}."] if called else [])


@pytest.mark.parametrize("beginning", [b"PK\x03\x04", b"\xd0\xcf\x11\xe0"])
def test_a_workbook_is_to_be_saved_as_a_table(tmp_path, beginning):
    (tmp_path / "a.xlsx").write_bytes(beginning + bytes(9))
    with pytest.raises(InputError) as raised:
        read_text(str(tmp_path / "a.xlsx"), "--corrections='a.xlsx'")
    assert str(raised.value) == (
        "--corrections='a.xlsx' is an Excel file or another archive, but a table was expected as text: save "
        "its sheet as CSV (UTF-8), and name that."
    )


def test_what_is_no_text(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes([0, 0, 0, 13]))
    with pytest.raises(ValueError, match="it is no text"):
        read_text(str(tmp_path / "a.csv"), CALLED)


@pytest.mark.parametrize(
    ("name", "text", "separator"),
    [
        ("a.csv", "path,kind\n1,a\n", ","),
        ("a.csv", "path,kind;of\n1,a\n", ","),
        ("a.csv", 'path,"kind;of|it"\n1,a\n', ","),
        ("a.csv", "path\n1\n", ","),
        ("a.csv", "", ","),
        ("a.tsv", "path\tkind\n1\ta, b\n", "\t"),
        ("a.TAB", "path\tkind\n1\ta\n", "\t"),
    ],
)
def test_the_endings_own_separator_where_it_is_in_the_header(told, name, text, separator):
    assert separated(name, CALLED, text) == (text, separator)
    assert told == []


@pytest.mark.parametrize(
    ("name", "text", "separator", "called"),
    [
        ("a.csv", "path;kind\n1;a\n", ";", "';'"),
        ("a.csv", "path;size\n1;2,5\n", ";", "';'"),
        ("a.csv", '"path";"kind, of"\n1;a\n', ";", "';'"),
        ("a.csv", "path\tkind\n1\ta\n", "\t", "tabs"),
        ("a.csv", "path\ttags\n1\ta|b|c\n2\ta|b\n", "\t", "tabs"),
        ("a.csv", "path|kind\n1|a\n", "|", "'|'"),
        ("a.csv", "path;kind\n1;a;\n", ";", "';'"),
        ("a.csv", "path kind\n1.jpg a\n", " ", "spaces"),
        ("a.tsv", "path,kind\n1,a\n", ",", "','"),
    ],
)
def test_another_separator_is_found_and_told(told, name, text, separator, called):
    assert separated(name, CALLED, text) == (text, separator)
    assert told == [f"{CALLED} is read with {called} between its cells."]


def test_a_first_line_that_only_says_the_separator(told):
    assert separated("a.csv", CALLED, "sep=;\r\npath;kind\r\n1;a\r\n") == ("path;kind\r\n1;a\r\n", ";")
    assert separated("a.csv", CALLED, "sep=,\npath,kind\n") == ("path,kind\n", ",")
    assert told == [f"{CALLED} is read with ';' between its cells."]


def test_quotes_that_do_not_end(told):
    text = '"path;kind\n' + "1;a\n" * 60000
    assert separated("a.csv", CALLED, text) == (text, ",")


@pytest.mark.parametrize(
    ("above", "left"),
    [("# by ann\n#\n", ""), ("#path,kind\n", "#path,kind\n"), ("# by ann, 2024\n", "# by ann, 2024\n")],
)
def test_comments_above_the_names(told, above, left):
    assert separated("a.csv", CALLED, above + TEXT) == (left + TEXT, ",")
    assert told == [] if left else [f"{CALLED} is read without its first 2 lines, which begin with '#'."]


def test_lists_as_celeba_writes_them(told):
    text = "2\nMale Young \n000001.jpg -1  1\n000002.jpg  1 -1\n"
    rows = "path,Male,Young\n000001.jpg,-1,1\n000002.jpg,1,-1\n"
    assert separated("list_attr.txt", CALLED, text) == (rows, ",")
    assert told == [
        f"{CALLED} is read as CelebA's lists are: a number of rows, names, and a path before each row."
    ]


@pytest.mark.parametrize(
    "text", ["3\nMale\n1.jpg -1\n2.jpg 1\n", "2\nMale\n1.jpg\n2.jpg 1\n", "2\na,b\n1,2\n3,4\n"]
)
def test_a_number_that_counts_no_rows_of_a_list(text):
    assert separated("a.csv", CALLED, text)[0] == text


def test_single_quotes_around_all_cells(told):
    text = "'path','kind'\n'1.jpg','a ''b'', c'\n"
    assert separated("a.csv", CALLED, text) == ("path,kind\r\n1.jpg,\"a 'b', c\"\r\n", ",")
    assert told == [f"{CALLED} is read with ' around its cells."]


def test_a_first_line_without_cells_has_no_quotes(told):
    text = "\npath,kind\n1.jpg,'a'\n"
    assert separated("a.csv", CALLED, text) == (text, ",")
    assert told == []


def test_single_quotes_within_a_name_stay(told):
    text = "path,'kind'\n1.jpg,'a'\n"
    assert separated("a.csv", CALLED, text) == (text, ",")
    assert told == []
