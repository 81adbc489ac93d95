"""The text of a table's file: which encoding it has, and what stands between its cells.

Spreadsheets write what their country and year bid them; what is not the ending's own is told in a line.
"""

import codecs
import csv
import io
import itertools
import os
import re
from collections.abc import Iterator, Sequence

from absl import logging

from retrain.data.listing import is_table
from retrain.errors import InputError
from retrain.image_formats import EXTENSIONS

EXCEL = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd")
SEPARATORS = {",": "','", ";": "';'", "\t": "tabs", "|": "'|'", " ": "spaces"}
SAMPLED_ROWS, SAMPLED_BYTES = 20, 1000
NO_ASCII = re.compile(r"[^\n\r\t,;|\"']*[^\0-\x7f][^\n\r\t,;|\"']*")
# The line by which Excel is told what separates the cells below.
EXCEL_HINT = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)


def read_text(path: str, called: str) -> str:
    """The file's text; InputError for a workbook and for XML, ValueError for what is no text.

    `called` is how sentences name the file, with the flag that named it.
    """
    if os.path.isdir(path) and any(name.lower().endswith(".xml") for name in os.listdir(path)):
        raise _no_table(called, "a folder of XML files (as Pascal VOC's)")
    if os.path.isdir(path):
        tables = sorted(filter(is_table, os.listdir(path)))
        such = f", such as {os.path.join(path, tables[0])!r}" if tables else ""
        raise InputError(f"{called} is a folder, but a table was expected: name the file itself{such}.")
    with open(path, "rb") as file:
        data = file.read()
    if data.startswith(COMPRESSED):
        raise InputError(
            f"{called} is compressed, but a table was expected as text: unpack it, and name that."
        )
    if data.startswith(EXCEL):
        raise InputError(
            f"{called} is an Excel file or another archive, but a table was expected as text: "
            f"save its sheet as CSV (UTF-8), and name that."
        )
    encoding, encoding_name = _encoding(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{called} is neither UTF-8 nor {encoding_name}, but a table was expected as text: save it as "
            "UTF-8."
        ) from error
    if "\0" in text:
        raise ValueError("it is no text")
    if text.lstrip().startswith("<"):
        raise _no_table(called, "an XML or HTML file (as CVAT's)")
    if encoding_name != "UTF-8":
        logging.info("%s is not UTF-8, and is read as %s%s.", called, encoding_name, _such(text, encoding))
    return text


def _such(text: str, encoding: str) -> str:
    """A cell by which a user sees whether the encoding is right, where it was but the likeliest."""
    cell = NO_ASCII.search(text) if encoding == "cp1252" else None
    return f", as in {cell[0].strip()!r}: if that is wrong, save it as UTF-8" if cell else ""


def _no_table(called: str, what: str) -> InputError:
    return InputError(
        f"{called} is {what}, but a table with a row for each image, its path and its labels, "
        "was expected: write such a table from it, as CSV."
    )


def separated(path: str, called: str, text: str) -> tuple[str, str]:
    """The text without a line that only says the separator, and the separator; told if not the ending's."""
    own = "\t" if os.path.splitext(path)[1].lower() in (".tsv", ".tab") else ","
    text = _without_count(called, _without_comments(called, text))
    hint = EXCEL_HINT.match(text)
    if hint:
        text = text[hint.end() :]
    separator = hint[1] if hint else _separator(text, own)
    if separator != own:
        logging.info(
            "%s is read with %s between its cells.",
            called,
            SEPARATORS.get(separator, repr(separator)),
        )
    return _with_usual_quotes(called, text, separator), separator


def rows_of(text: str, separator: str) -> Iterator[list[str]]:
    """The cells of each row; csv.Error where quotes do not end."""
    skips = separator != " "  # blanks before quotes
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=skips)


def first_row(text: str, separator: str) -> list[str]:
    """The first that is not empty; empty where none is, or quotes do not end."""
    try:
        return next(filter(None, rows_of(text, separator)), [])
    except csv.Error:
        return []


def long_row(text: str, separator: str) -> list[str]:
    """The first row with more cells than the first of all; empty where none has."""
    rows = filter(None, rows_of(text, separator))
    try:
        width = len(next(rows))
        return next((row for row in rows if any(row[width:])), [])
    except (csv.Error, StopIteration):
        return []


def _without_comments(called: str, text: str) -> str:
    """The text without first lines that begin with #, unless the last of them may be the names of columns."""
    lines = text.splitlines(keepends=True)
    begin = next((place for place, line in enumerate(lines) if not line.startswith("#")), 0)
    names = begin and any(separator in lines[begin - 1][1:].strip() for separator in ",;\t|")
    if begin and (not names or _are_names_above_images(lines[begin : begin + 2])):
        logging.info("%s is read without its first %d lines, which begin with '#'.", called, begin)
        return "".join(lines[begin:])
    return text


def _are_names_above_images(lines: Sequence[str]) -> bool:
    """Whether an image is named in the second of two lines, and in the first is none."""
    return [any(ending in line.lower() for ending in EXTENSIONS) for line in lines] == [False, True]


def _without_count(called: str, text: str) -> str:
    """CelebA's lists as a table: they begin with a number of rows, and no name stands above the paths."""
    if not text.lstrip().partition("\n")[0].strip().isdigit() or "," in text:
        return text
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 3 or lines[0].strip() != str(len(lines) - 2):
        return text
    names, *rows = (line.split() for line in lines[1:])
    if any(len(row) != len(names) + 1 for row in rows):
        return text
    logging.info(
        "%s is read as CelebA's lists are: a number of rows, names, and a path before each row.", called
    )
    return "".join(",".join(row) + "\n" for row in (["path", *names], *rows))


def _with_usual_quotes(called: str, text: str, separator: str) -> str:
    """The text with " for ', if all names in its first row stand in these, and for curly quotes of cells."""
    if not text.startswith("'"):
        return _without_curly_quotes(called, text, separator)
    names = next(iter(_sample(text, separator)), [""])
    if not all(len(name) > 1 and name[0] == name[-1] == "'" for name in names):
        return text
    logging.info("%s is read with ' around its cells.", called)
    rewritten = io.StringIO(newline="")
    rows = csv.reader(
        io.StringIO(text, newline=""), delimiter=separator, quotechar="'", skipinitialspace=True
    )
    csv.writer(rewritten, delimiter=separator).writerows(rows)
    return rewritten.getvalue()


def _without_curly_quotes(called: str, text: str, separator: str) -> str:
    edge = re.escape(separator)
    cell = rf"(?m)(^|{edge}) ?[“”„«]([^“”„«»\"\n]*)[“”»] ?(?={edge}|\r?$)"
    straight, count = re.subn(cell, r'\1"\2"', text)
    if count:
        logging.info("%s is read with curly quotes around %d of its cells.", called, count)
    return straight


def _encoding(data: bytes) -> tuple[str, str]:
    """Python's name of the encoding, and the user's."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", "UTF-16"
    evens, odds = data[:SAMPLED_BYTES:2].count(0), data[1:SAMPLED_BYTES:2].count(0)
    if max(evens, odds) > len(data[:SAMPLED_BYTES]) // 4:
        return ("utf-16-be" if evens > odds else "utf-16-le"), "UTF-16"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252", "Windows-1252"
    return "utf-8-sig", "UTF-8"


def _separator(text: str, own: str) -> str:
    """The first that cuts all first rows alike, `own` before others; else `own`, if it cuts the first row."""
    candidates = dict.fromkeys([own, *SEPARATORS])
    widths = {separator: [len(row) for row in _sample(text, separator) if row] for separator in candidates}
    if widths[own][:1] > [1]:
        del widths[" "]  # which is in sentences, too
    for separator, of_rows in widths.items():
        if len(set(of_rows)) == 1 and of_rows[0] > 1:
            return separator
    widths.pop(" ", None)
    most = max(widths, key=lambda separator: widths[separator][:1])
    return own if widths[own][:1] > [1] or widths[most][:1] <= [1] else most


def _sample(text: str, separator: str) -> list[list[str]]:
    """The first rows; none where quotes do not end."""
    try:
        return list(itertools.islice(rows_of(text, separator), SAMPLED_ROWS))
    except csv.Error:
        return []
