"""Heads: what turns logits into a task's loss, predictions and metrics; a kind of head is one row of HEADS.

A row says what others must know before TensorFlow is loaded; everything else the head itself is asked for.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from retrain.extensions import load


class HeadRow(NamedTuple):
    """One kind of head.

    Attributes:
      head: its class, "module:name".
      takes_several: whether an example may have several labels, in one cell of a table.
      figures: every figure that its `metrics` gives by a single number, and whether higher is better; the
        first is the default to rank by. One that some examples or classes do not have is nan there.
      answers: what it predicts, given probabilities, without TensorFlow: a `retrain.heads.answers.Answers`,
        "module:name"; empty where there is none.
    """

    head: str
    takes_several: bool
    figures: Mapping[str, bool]
    answers: str = ""


# What accuracy is where an example may have several labels.
EXACT_MATCH = "An image is right when all of its labels are."

# What a task gets when nothing is said is the first row that takes what its cells hold.
HEADS = {
    "softmax": HeadRow(
        "retrain.heads.softmax:SoftmaxHead",
        takes_several=False,
        figures={
            "accuracy": True,
            "average_loss": False,
            "expected_calibration_error": False,
            "macro_f1": True,
            "balanced_accuracy": True,
            "weighted_f1": True,
            "top_5_accuracy": True,
        },
        answers="retrain.heads.answers:OneClass",
    ),
    "sigmoid": HeadRow(
        "retrain.heads.sigmoid:SigmoidHead",
        takes_several=True,
        figures={
            "accuracy": True,
            "average_loss": False,
            "expected_calibration_error": False,
            "macro_f1": True,
            "exact_match": True,
            "hamming_loss": False,
            "micro_f1": True,
            "sample_f1": True,
            "mean_average_precision": True,
            "auc": True,
            "micro_f1_at_0.5": True,
            "macro_f1_at_0.5": True,
            "sample_f1_at_0.5": True,
        },
        answers="retrain.heads.answers:SomeClasses",
    ),
}


def kind_for(several: bool) -> str:
    """The kind of head of a task when nothing is said: where an example may have several labels, or not."""
    return next(kind for kind, row in HEADS.items() if row.takes_several == several)


def head_class(kind: str) -> Any:
    """The class of that kind; InputError for a kind that is none."""
    return load({name: row.head for name, row in HEADS.items()}, kind, "head")
