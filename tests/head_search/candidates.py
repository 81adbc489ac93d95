"""Candidates as tests need them: only what is named differs from the plainest."""

import dataclasses
from typing import Any

from retrain.settings.head import HeadSettings

PLAINEST = HeadSettings(max_steps=1000, batch_size=100, dropout_rate=0.0, label_smoothing=0.0)


def candidate(learning_rate: float, l2_regularizer: float = 0.0, **others: Any) -> HeadSettings:
    """A head's settings filled in; without dropout, and the defaults for what is not given."""
    given = {"learning_rate": learning_rate, "l2_regularizer": l2_regularizer, **others}
    return dataclasses.replace(PLAINEST, **given)
