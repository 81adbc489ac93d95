import codecs
import gzip

import pytest

from retrain.data.table_text import first_row, long_row, read_text, rows_of, separated
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
    if called == "Windows-1252":
        called += ", as in 'Käfer': if that is wrong, save it as UTF-8"
    assert told == ([f"{CALLED} is not UTF-8, and is read as {called}."] if called else [])


def test_bytes_that_are_no_character(tmp_path):
    (tmp_path / "a.csv").write_bytes("path,kind\n1.jpg,、\n".encode("shift_jis"))
    with pytest.raises(InputError) as raised:
        read_text(str(tmp_path / "a.csv"), CALLED)
    assert str(raised.value) == (
        f"{CALLED} is neither UTF-8 nor Windows-1252, but a table was expected as text: save it as UTF-8."
    )


def test_a_folder_and_a_compressed_file_are_no_table(tmp_path):
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(TEXT.encode()))
    (tmp_path / "a.csv").write_text(TEXT)
    for path, words in [
        (
            tmp_path,
            "is a folder, but a table was expected: name the file itself, such as "
            f"{str(tmp_path / 'a.csv')!r}.",
        ),
        (tmp_path / "a.csv.gz", "is compressed, but a table was expected as text: unpack it, and name that."),
    ]:
        with pytest.raises(InputError) as raised:
            read_text(str(path), CALLED)
        assert str(raised.value) == f"{CALLED} {words}"


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
    ("above", "number"), [("# by ann\n#\n", 2), ("# by ann, 2024\n", 1), ("# (c)\n# by ann, 2024\n", 2)]
)
def test_comments_above_the_names(told, above, number):
    assert separated("a.csv", CALLED, above + TEXT) == (TEXT, ",")
    assert told == [f"{CALLED} is read without its first {number} lines, which begin with '#'."]


@pytest.mark.parametrize("rows", ["1.jpg,cat\n2.jpg,dog\n", "1,cat\n2,dog\n"])
def test_names_behind_a_number_sign(told, rows):
    assert separated("a.csv", CALLED, f"#path,kind\n{rows}") == (f"#path,kind\n{rows}", ",")
    assert told == []


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


def test_curly_quotes_around_cells(told):
    text = "path;kind\n1.jpg;“cat; big”\n2.jpg;„dog“\n3.jpg;a “b” c\n«4».jpg;cat\n"
    straight = 'path;kind\n1.jpg;"cat; big"\n2.jpg;"dog"\n3.jpg;a “b” c\n«4».jpg;cat\n'
    assert separated("a.csv", CALLED, text) == (straight, ";")
    assert told[1:] == [f"{CALLED} is read with curly quotes around 2 of its cells."]


def test_rows_with_blanks_before_quotes():
    assert list(rows_of('a, "b, c"\n', ",")) == [["a", "b, c"]]


def test_the_first_row():
    assert first_row('\na, "b"\n1,2\n', ",") == ["a", "b"]
    assert first_row("", ",") == first_row("x" * 200_000, ",") == []


def test_the_first_row_that_is_longer_than_the_names():
    assert long_row("a,b\n1,2,\n3,4,5\n", ",") == ["3", "4", "5"]
    assert long_row("a,b\n1,2,\n", ",") == long_row("", ",") == []
