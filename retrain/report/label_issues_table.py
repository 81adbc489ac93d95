"""label_issues.csv: which labels contradict what a head thinks that has not seen them, the worst first.

The column `corrected` is to be filled in, for `--corrections`; what was corrected already stands there.
"""

import pandas as pd

from retrain.data.table_labels import CORRECTED
from retrain.report.outcome import Outcome
from retrain.report.predictions_table import write_table

COLUMNS = [*("path", "split", "task", "label", "predicted", "suggested", CORRECTED, "probability", "rank")]


def write(outcome: Outcome, path: str) -> None:
    """Columns as in COLUMNS, ranked by `support`, of all tasks together; `predicted` is the model's."""
    issues = pd.concat([outcome.label_issues, _not_judged(outcome)], ignore_index=True)
    ranked = issues.sort_values(["support", "path", "task"], ignore_index=True)
    ranked["rank"] = range(1, len(ranked) + 1)
    ranked["probability"] = ranked["probability"].astype(float).round(6)
    examples = outcome.examples
    split_of = dict(zip(examples.paths, examples.splits, strict=True))
    predicted = {
        (path, task): label
        for task, head in outcome.heads.items()
        for path, label in zip(examples.paths, head.predicted(outcome.probabilities[task]), strict=True)
    }
    keys = list(zip(ranked["path"], ranked["task"], strict=True))
    ranked["split"] = [split_of[path] for path, _ in keys]
    ranked["predicted"] = [predicted[key] for key in keys]
    corrected = _corrected(outcome)
    ranked[CORRECTED] = [corrected.get(key, "") for key in keys]
    write_table(path, ranked[COLUMNS])


def _corrected(outcome: Outcome) -> dict[tuple[str, str], str]:
    """(path, task) -> the label that it was corrected to."""
    by_task = outcome.corrections.labels if outcome.corrections else {}
    return {(path, task): label for task, labels in by_task.items() for path, label in labels.items()}


def _not_judged(outcome: Outcome) -> pd.DataFrame:
    """What was corrected and could not be judged, so that no correction is lost in the next round."""
    judged = set(zip(outcome.label_issues["path"], outcome.label_issues["task"], strict=True))
    there = set(outcome.examples.paths)
    rows = [
        (*key, label) for key, label in _corrected(outcome).items() if key not in judged and key[0] in there
    ]
    return pd.DataFrame(rows, columns=["path", "task", "label"])
