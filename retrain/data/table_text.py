"""The text of a table's file: which encoding it has, and what stands between its cells.

Spreadsheets write what their country and year bid them; what is not the ending's own is told in a line.
"""

import codecs
import csv
import io
import itertools
import os
import re
from collections.abc import Iterable

from absl import logging

from retrain.errors import InputError

EXCEL = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
SEPARATORS = {",": "','", ";": "';'", "\t": "tabs", "|": "'|'", " ": "spaces"}
SAMPLED_ROWS, SAMPLED_BYTES = 20, 1000
# The line by which Excel is told what separates the cells below.
EXCEL_HINT = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)


def read_text(path: str, called: str) -> str:
    """The file's text; InputError for a workbook and for XML, ValueError for what is no text.

    `called` is how sentences name the file, with the flag that named it.
    """
    if os.path.isdir(path) and any(name.lower().endswith(".xml") for name in os.listdir(path)):
        raise _no_table(called, "a folder of XML files (as Pascal VOC's)")
    with open(path, "rb") as file:
        data = file.read()
    if data.startswith(EXCEL):
        raise InputError(
            f"{called} is an Excel file or another archive, but a table was expected as text: "
            f"save its sheet as CSV (UTF-8), and name that."
        )
    encoding, encoding_name = _encoding(data)
    text = data.decode(encoding)
    if "\0" in text:
        raise ValueError("it is no text")
    if text.lstrip().startswith("<"):
        raise _no_table(called, "an XML or HTML file (as CVAT's)")
    if encoding_name != "UTF-8":
        logging.info("%s is not UTF-8, and is read as %s.", called, encoding_name)
    return text


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


def _without_comments(called: str, text: str) -> str:
    """The text without first lines that begin with #, unless the last of them has several cells."""
    lines = text.splitlines(keepends=True)
    begin = next((place for place, line in enumerate(lines) if not line.startswith("#")), 0)
    if begin and not any(separator in lines[begin - 1][1:].strip() for separator in ",;\t|"):
        logging.info("%s is read without its first %d lines, which begin with '#'.", called, begin)
        return "".join(lines[begin:])
    return text


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
    """The text with " for ', if all names in its first row stand in these."""
    if not text.startswith("'"):
        return text
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
    rows: Iterable[list[str]] = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        return list(itertools.islice(rows, SAMPLED_ROWS))
    except csv.Error:
        return []
