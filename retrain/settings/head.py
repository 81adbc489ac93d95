"""The settings of heads on features. With all values filled in, they are one candidate of a head search."""

import dataclasses

from retrain.settings.field import setting
from retrain.settings.training import TrainingSettings


@dataclasses.dataclass(frozen=True)
class HeadSettings(TrainingSettings):
    """How heads are trained on features, and what is decided of them afterwards."""

    title = "Training the head"

    calibrate: bool = setting(
        True,
        "Fit a temperature to the validation images, so that probabilities are as often right as they say.",
    )
