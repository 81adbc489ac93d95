"""The tables of a run, read again."""

import os
from collections.abc import Collection

import pandas as pd


def read_run_table(path: str | os.PathLike[str], numbers: Collection[str]) -> pd.DataFrame:
    """All columns as text, for a class may be called 1 or NA, but `numbers` (of any task: NAME/TASK)."""
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    columns = [column for column in table if column.partition("/")[0] in numbers]
    return table.assign(**{column: pd.to_numeric(table[column]) for column in columns})
