"""Outcomes made up by a test."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from retrain.examples.labelled import LabelledExamples
from retrain.report.outcome import Outcome
from tests.examples.worlds import made_up


def predicted(
    examples: LabelledExamples, *probabilities: Sequence[Sequence[float]], **others: Any
) -> Outcome:
    """Probabilities of each task, in its order, and no figures unless they are given."""
    by_task = {
        task: np.asarray(of, np.float32) for task, of in zip(examples.tasks, probabilities, strict=True)
    }
    return Outcome(examples, examples.heads, by_task, **{"figures": {}, **others})


def of_two_tasks(**others: Any) -> Outcome:
    """Three images with a kind, a or b, and tags, x and y; the second has no kind, the third no tags."""
    examples = made_up(
        ["1.jpg", "2.jpg", "3.jpg"], kind=["a", None, "b"], tags=["x|y", "y", None]
    ).with_splits(["train", "validation", "test"])
    kinds = [[0.75, 0.25], [0.5, 0.5], [0.75, 0.25]]
    return predicted(examples, kinds, [[0.75, 0.75], [0.25, 0.75], [0.25, 0.25]], **others)
