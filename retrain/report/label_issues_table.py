"""label_issues.csv: which labels contradict what a head thinks that has not seen them, the worst first."""

from retrain.report.outcome import Outcome
from retrain.report.predictions_table import write_table

COLUMNS = ["path", "task", "label", "suggested", "probability", "rank"]


def write(outcome: Outcome, path: str) -> None:
    """Columns as in COLUMNS, ranked by `support`, of all tasks together."""
    issues = outcome.label_issues
    ranked = issues.sort_values(["support", "path", "task"], ignore_index=True)
    ranked["rank"] = range(1, len(ranked) + 1)
    ranked["probability"] = ranked["probability"].astype(float).round(6)
    write_table(path, ranked[COLUMNS])
