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
    write_text(path, _text(content, "\n") + "\n")


def _text(value: Any, line: str) -> str:
    """As JSON with an entry a line, but for lists of plain values, such as rows of a confusion matrix.

    With a line for each of its cells, the matrix of 3000 classes would take 200 MB.
    """
    inner = line + "  "
    if isinstance(value, dict) and value:
        entries = (f"{json.dumps(key, ensure_ascii=False)}: {_text(of, inner)}" for key, of in value.items())
        return "{" + inner + f",{inner}".join(entries) + line + "}"
    if isinstance(value, list) and any(isinstance(of, dict | list) for of in value):
        return "[" + inner + f",{inner}".join(_text(of, inner) for of in value) + line + "]"
    return json.dumps(value, ensure_ascii=False)


def _decisions(outcome: Outcome) -> dict[str, Any]:
    return {
        name + outcome.suffix(task): value
        for task, of_task in outcome.decisions.items()
        for name, value in of_task.items()
    }
