"""What the study keeps of a finished trial: JSON, so that any worker and any later run can read it."""

import base64
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from optuna.trial import FrozenTrial

from retrain.studies.space import Space
from retrain.studies.storage import RESULT


class Record(NamedTuple):
    """A finished trial.

    Attributes:
      value: its objective; None for one that failed, for the `reason`.
      figures: the numbers of metrics.json, and their intervals.
      scores: float32 [N], of each validation image: right or wrong, or minus its loss.
      stopped: the step at which it was given up, by halving.
      seconds: its share of the time that trials took together.
      cost: of the module, in operations for an image; 0 where all trials have the same.
    """

    value: float | None
    figures: Mapping[str, Any]
    scores: np.ndarray
    stopped: int | None = None
    seconds: float = 0.0
    cost: float = 0.0
    reason: str = ""


def failed_record(figures: Mapping[str, Any], reason: str) -> Record:
    """Of a trial that has no value."""
    return Record(None, figures, np.empty(0, np.float32), reason=reason)


def encoded(record: Record) -> dict[str, Any]:
    """The record as JSON takes it: scores in half precision, packed where they are 0 and 1."""
    return {**record._asdict(), "scores": _packed(record.scores)}


def decoded(trial: FrozenTrial) -> Record:
    """The record of a trial that has one."""
    content = trial.user_attrs[RESULT]
    return Record(**{**content, "scores": _unpacked(content["scores"])})


def flags_of(trial: FrozenTrial, space: Space) -> dict[str, Any]:
    """The values of the flags that vary, in their order, as they were trained with."""
    return {name: varied.restored(trial.params[name]) for name, varied in space.items()}


def _packed(scores: np.ndarray) -> dict[str, Any]:
    if np.isin(scores, (0.0, 1.0)).all():
        return {"count": len(scores), "bits": _text(np.packbits(scores.astype(bool)))}
    return {"count": len(scores), "halves": _text(scores.astype("<f2"))}


def _unpacked(content: Mapping[str, Any]) -> np.ndarray:
    if "bits" in content:
        data = np.frombuffer(base64.b64decode(content["bits"]), np.uint8)
        return np.unpackbits(data, count=content["count"]).astype(np.float32)
    return np.frombuffer(base64.b64decode(content["halves"]), "<f2").astype(np.float32)


def _text(values: np.ndarray) -> str:
    return base64.b64encode(values.tobytes()).decode()
