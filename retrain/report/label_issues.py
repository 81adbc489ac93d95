"""label_issues.csv: which labels contradict what a head thinks that has not seen them, the worst first."""

import os

import pandas as pd

from retrain.report.run_files import write_table

LABEL_ISSUES = "label_issues.csv"
COLUMNS = ["path", "task", "label", "suggested", "probability", "rank"]


def write_label_issues(directory: str, issues: pd.DataFrame) -> None:
    """Columns as in COLUMNS; and `support`, by which rows are ranked, of all tasks together."""
    ranked = issues.sort_values(["support", "path", "task"], ignore_index=True)
    ranked["rank"] = range(1, len(ranked) + 1)
    ranked["probability"] = ranked["probability"].astype(float).round(6)
    write_table(os.path.join(directory, LABEL_ISSUES), ranked[COLUMNS])


def label_issues_line(issues: pd.DataFrame) -> str:
    """How many labels are in doubt, and the worst of them."""
    if issues.empty:
        return "Labels: too few to be judged by each other."
    doubted = issues[issues["in_doubt"].astype(bool)]
    if doubted.empty:
        return f"Labels: none of {len(issues)} is in doubt."
    worst = doubted.loc[doubted["support"].idxmin()]
    return (
        f"Labels: {len(doubted)} of {len(issues)} are in doubt, such as that of {worst['path']!r}, "
        f"{worst['label']!r} rather than {worst['suggested']!r}; {LABEL_ISSUES} ranks them."
    )
