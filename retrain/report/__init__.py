"""What people look at: files of a run, rows of ARTEFACTS, and tables, whose formats are rows of TABLES."""

import importlib.util
import os
from typing import NamedTuple

from retrain.errors import InputError


class ArtefactRow(NamedTuple):
    """One file of a run's directory.

    Attributes:
      write: "package.module:function", (outcome, path) -> None.
      is_result: whether it says how good the run is, and so makes way when the run is trained on.
      of_evaluation: whether evaluate writes it, too, which has no splits and trains no heads.
    """

    write: str
    is_result: bool = True
    of_evaluation: bool = False


# In the order in which they are written: with metrics.json the figures are safe, and all before it are there.
ARTEFACTS = {
    "predictions.csv": ArtefactRow("retrain.report.predictions_table:write", of_evaluation=True),
    "predictions.png": ArtefactRow("retrain.report.prediction_page:write"),
    "label_issues.csv": ArtefactRow("retrain.report.label_issues_table:write", is_result=False),
    "report.html": ArtefactRow("retrain.report.report_page:write", of_evaluation=True),
    "metrics.json": ArtefactRow("retrain.report.metrics_file:write", of_evaluation=True),
}


class TableRow(NamedTuple):
    """One format of tables, by the ending of the file.

    Attributes:
      write: "package.module:function", (blocks, binary file) -> None; a block is a DataFrame of some rows, of
        the same columns, in which a cell is text, a number or a vector.
      package, extra: what it is written with, and the extra of retrain that brings it, where it is one.
    """

    write: str
    package: str = ""
    extra: str = ""


TABLES = {
    ".csv": TableRow("retrain.report.table_writers:write_csv"),
    ".tsv": TableRow("retrain.report.table_writers:write_tsv"),
    ".jsonl": TableRow("retrain.report.table_writers:write_json_lines"),
    ".parquet": TableRow("retrain.report.parquet_writer:write_parquet", "pyarrow", "parquet"),
}


def table_row(path: str, flag: str) -> TableRow:
    """The format that the file's ending names; InputError, which calls the path `flag`, where it is none."""
    ending = os.path.splitext(path)[1].lower()
    if ending not in TABLES:
        *first, last = TABLES
        raise InputError(
            f"--{flag}={path!r} was expected to end in {', '.join(first)} or {last}, which says how the "
            f"table is written, but {f'ends in {ending!r}' if ending else 'has no ending'}: name such a file."
        )
    row = TABLES[ending]
    if row.package and importlib.util.find_spec(row.package) is None:
        raise InputError(
            f"--{flag}={path!r} needs a package that is missing: pip install 'retrain[{row.extra}]'."
        )
    return row
