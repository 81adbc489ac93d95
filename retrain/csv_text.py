"""A table as CSV that is read again as it was, whatever its cells hold.

Cells that a spreadsheet would compute, which begin with =, +, - or @, stand there as they are.
"""

import pandas as pd


def csv_text(table: pd.DataFrame, separator: str = ",", header: bool = True) -> str:
    """A line a row, which ends in a line feed on every system."""
    rows = _Rows()
    table.to_csv(rows, index=False, sep=separator, header=header, lineterminator=_Rows.END)
    return "".join(rows.written)


class _Rows:
    r"""Takes rows one by one, and ends them in a line feed.

    Cells are put in quotes for what is in the end of a row: so must be `\r`, at which readers break lines.
    """

    END = "\r\n"

    def __init__(self) -> None:
        self.written: list[str] = []

    def write(self, row: str) -> None:
        self.written.append(row.removesuffix(self.END) + "\n")
