"""The test images that were predicted wrong, as retrain.py listed them."""

import numpy as np

from retrain.report.outcome import Outcome

TITLE, NONE = "=== MISCLASSIFIED TEST IMAGES ===", "No test image is misclassified."
WIDTH = 70  # of a path, as retrain.py has it


def misclassified_lines(outcome: Outcome) -> list[str]:
    """A line an image: its path, and what was predicted of the first task, for which it has a label."""
    examples, task = outcome.examples, outcome.primary_task
    head, labels, probabilities = (
        outcome.heads[task],
        examples.tasks[task].labels,
        outcome.probabilities[task],
    )
    is_wrong = head.labelled(labels) & ~head.right(labels, probabilities)
    rows = np.flatnonzero(is_wrong & (np.asarray(examples.splits) == "test"))
    predicted = head.predicted(probabilities)
    lines = [f"{examples.files[row]:>{WIDTH}}  {predicted[row]}".rstrip() for row in rows]
    return [TITLE, *lines] if lines else [NONE]
