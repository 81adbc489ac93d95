import importlib.util

import pytest

from retrain.errors import InputError
from retrain.extensions import named
from retrain.report import ARTEFACTS, TABLES, table_row


def sentence(path: str) -> str:
    with pytest.raises(InputError) as raised:
        table_row(path, "output")
    return str(raised.value)


def test_every_row_names_what_there_is():
    assert all(callable(named(row.write)) for row in (*ARTEFACTS.values(), *TABLES.values()))


@pytest.mark.parametrize(
    ("path", "ending"),
    [("p.xlsx", "ends in '.xlsx'"), ("p.csv.gz", "ends in '.gz'"), ("csv", "has no ending")],
)
def test_a_table_is_never_written_under_another_name(path, ending):
    assert sentence(path) == (
        f"--output={path!r} was expected to end in .csv, .tsv, .jsonl or .parquet, which says how the table "
        f"is written, but {ending}: name such a file."
    )


def test_an_extra_that_is_missing_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert sentence("p.parquet") == (
        "--output='p.parquet' needs a package that is missing: pip install 'retrain[parquet]'."
    )
    assert table_row("p.CSV", "output") == TABLES[".csv"]
