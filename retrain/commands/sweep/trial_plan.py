"""From the flags that a sweep tries to what `train` is given to train the trial."""

from collections.abc import Mapping
from typing import Any

from retrain.settings.config import FIELDS, Config
from retrain.settings.field import about
from retrain.settings.needs import Circumstances, unread


def trial_config(config: Config, flags: Mapping[str, Any]) -> Config:
    """The flags of the sweep that are those of `train`, too, and the trial's.

    What has no effect on the trial, as that of fine-tuning where it does none, is left out.
    """
    others = {name: field.default for name, field in FIELDS.items() if "train" not in about(field).verbs}
    trial = config.replaced(**others, model_dir=None, **flags)
    without_effect = unread(Circumstances(trial, "train"), FIELDS)
    return trial.replaced(**{name: FIELDS[name].default for name in without_effect})
