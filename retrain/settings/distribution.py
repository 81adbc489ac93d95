"""The settings of training on several devices or machines at once."""

import dataclasses

from retrain.settings.field import setting
from retrain.settings.needs import MIRRORED, SEVERAL_WORKERS


@dataclasses.dataclass(frozen=True)
class DistributionSettings:
    """Who trains together. Neither is recorded: a run may go on with more workers, or fewer."""

    title = "Several devices, several machines"

    distribution: str = setting(
        "auto",
        "mirrored fine-tunes on all GPUs of this machine, multi_worker works with the same command on other "
        "machines, which TF_CONFIG or Slurm names; off on one device. auto takes what it finds.",
        verbs=("train",),
        choices=("auto", "off", "mirrored", "multi_worker"),
        needs=MIRRORED,
        recorded=False,
        decides=False,
    )
    worker_timeout: float = setting(
        600.0,
        "Seconds that a worker waits for all others to come: at the start, and when one was lost.",
        verbs=("train",),
        above=0.0,
        needs=SEVERAL_WORKERS,
        recorded=False,
        decides=False,
    )
