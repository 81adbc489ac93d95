"""The page of a sweep."""

from collections.abc import Sequence

from retrain.files import write_text
from retrain.report.sweep_table import TrialRow


def write_sweep_page(
    path: str, rows: Sequence[TrialRow], chosen: int, objective: str, direction: str
) -> None:
    """One self-contained page."""
    write_text(path, "")
