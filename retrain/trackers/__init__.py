"""Where else a run that has ended is recorded, beside its directory: a tracker is one row of TRACKERS."""

import importlib.util
from typing import NamedTuple

from retrain.errors import InputError


class TrackerRow(NamedTuple):
    """One tracker.

    Attributes:
      record: "package.module:function", (TrackedRun) -> where it is recorded, in words.
      package, extra: what it is recorded with, and the extra of retrain that brings it.
    """

    record: str
    package: str
    extra: str


TRACKERS = {
    "mlflow": TrackerRow("retrain.trackers.mlflow_tracker:record", "mlflow", "mlflow"),
    "wandb": TrackerRow("retrain.trackers.wandb_tracker:record", "wandb", "wandb"),
    "tensorboard": TrackerRow("retrain.trackers.tensorboard_tracker:record", "tensorboard", "tensorboard"),
}


def check_tracker(name: str | None) -> None:
    """InputError for a tracker whose package is missing."""
    if name is not None and importlib.util.find_spec(TRACKERS[name].package) is None:
        extra = TRACKERS[name].extra
        raise InputError(f"--tracker={name} needs a package that is missing: pip install 'retrain[{extra}]'.")
