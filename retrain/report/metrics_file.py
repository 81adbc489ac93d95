"""metrics.json: the figures of a run by split, what was decided on validation, and the step they are of."""

import json
from typing import Any

from retrain.files import write_text
from retrain.report.outcome import Outcome

DECIDED_ON = "validation"


def write(outcome: Outcome, path: str) -> None:
    """Keys of a task end in `/TASK` where there are several."""
    content: dict[str, Any] = dict(outcome.figures)
    if DECIDED_ON in content:
        content[DECIDED_ON] = {**content[DECIDED_ON], **_decisions(outcome)}
    if outcome.global_step is not None:
        content["global_step"] = outcome.global_step
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def _decisions(outcome: Outcome) -> dict[str, Any]:
    return {
        name + outcome.suffix(task): value
        for task, of_task in outcome.decisions.items()
        for name, value in of_task.items()
    }
