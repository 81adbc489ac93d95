"""The settings of a run: one frozen dataclass, from which flags, checks and the help page are made.

None means "by the recipe". Config stops at commands/: below, functions get the plain values they use.
That a path exists, or that a name stands in an extension table, is checked by the command.
"""

import dataclasses
import json
import os
import re
from collections.abc import Collection, Mapping
from typing import Any

from retrain.errors import InputError
from retrain.extensions import unknown_name
from retrain.settings.augmentation import AugmentationSettings
from retrain.settings.data import DataSettings
from retrain.settings.field import about, as_text, complaint
from retrain.settings.head import TrainingSettings
from retrain.settings.module import ModuleSettings
from retrain.settings.pixels import FineTuningSettings, check_fine_tuning
from retrain.settings.results import ResultSettings
from retrain.settings.sweep import SweepSettings


@dataclasses.dataclass(frozen=True)
class Config(
    ResultSettings,
    SweepSettings,
    AugmentationSettings,
    FineTuningSettings,
    TrainingSettings,
    ModuleSettings,
    DataSettings,
):
    """Every setting of every verb; a dataclass takes the fields of its bases from the last one on."""

    @property
    def trains_on_images(self) -> bool:
        """Whether features do not do: the base changes, or every image looks different each time."""
        return self.fine_tune or self.augments


FIELDS: Mapping[str, dataclasses.Field] = {field.name: field for field in dataclasses.fields(Config)}
# Where a run writes to, which `run.flags` leaves out: it may be repeated anywhere.
PLACES = ("model_dir", "storage")
# Values of a path that name none: "none", and handles such as builtin: or https://...
NO_PATH = re.compile(r"none$|[A-Za-z0-9_]{2,}:")


def read_by(verb: str) -> list[str]:
    """The names of the fields that `verb` reads, in their order."""
    return [name for name, field in FIELDS.items() if verb in about(field).verbs]


def check(config: Config, verb: str, given: Collection[str]) -> None:
    """Raises an InputError for the first thing `verb` cannot be run with; `given` names what the user set."""
    for name, field in FIELDS.items():
        if sentence := complaint(field, getattr(config, name), verb, name in given):
            raise InputError(sentence)
    for contradiction in (
        _no_training_images,
        _two_lengths,
        _no_input_range,
        _no_label_map,
        _two_starts,
        _no_rand_augment,
    ):
        if sentence := contradiction(config):
            raise InputError(sentence)
    if verb == "train":
        check_fine_tuning(config, config.augments)


def to_json(config: Config) -> str:
    """All fields, as `config.json` holds them."""
    return json.dumps(dataclasses.asdict(config), indent=2, ensure_ascii=False) + "\n"


def from_json(text: str) -> Config:
    """The Config that `to_json` wrote."""
    values = json.loads(text)
    for name in values:
        if name not in FIELDS:
            raise InputError(unknown_name(name, FIELDS, "setting of this version"))
    return Config(**{name: tuple(v) if isinstance(v, list) else v for name, v in values.items()})


def to_flags(config: Config, verb: str, file: str = "run.flags") -> str:
    """The text of the flagfile `file`, which repeats the run from any directory; where it writes is left out.

    Defaults are written, too: a later version may have others.
    """
    lines = [f"# python -m retrain {verb} --flagfile={file}"]
    for name in read_by(verb):
        value = getattr(config, name)
        if name not in PLACES and value is not None:
            values = value if about(FIELDS[name]).repeated else [_absolute(name, value)]
            lines += [f"--{name}={as_text(one)}" for one in values]
    return "\n".join(lines) + "\n"


def _absolute(name: str, value: Any) -> Any:
    return os.path.abspath(value) if about(FIELDS[name]).path and not NO_PATH.match(value) else value


def _no_training_images(config: Config) -> str | None:
    validation, testing = config.validation_percentage, config.testing_percentage
    if validation + testing < 100:
        return None
    return (
        f"--validation_percentage={validation} and --testing_percentage={testing} leave no images "
        "for training: their sum must be below 100."
    )


def _two_lengths(config: Config) -> str | None:
    if config.max_steps is None or config.train_epochs is None:
        return None
    return "--max_steps and --train_epochs both say how long to train: give one of the two."


def _no_input_range(config: Config) -> str | None:
    numbers = config.module_input_range
    if len(numbers) == 2 and numbers[0] < numbers[1]:
        return None
    return (
        f"--module_input_range={as_text(numbers)} is no range: it must be two numbers, the lower first, "
        "such as -1,1."
    )


def _no_label_map(config: Config) -> str | None:
    if not config.warm_start_head or config.label_map is not None:
        return None
    return "--warm_start_head needs --label_map: a text file of the module's own classes, one a line."


def _two_starts(config: Config) -> str | None:
    if config.warm_start_from is None:
        return None
    if config.warm_start_head:
        return "--warm_start_from and --warm_start_head both say where the head begins: give one of the two."
    if config.tfhub_module == FIELDS["tfhub_module"].default:
        return None
    return "--warm_start_from brings the module of its run with it: leave --tfhub_module out."


def _no_rand_augment(config: Config) -> str | None:
    if config.rand_augment_magnitude is None or config.rand_augment or config.augment == "strong":
        return None
    return "--rand_augment_magnitude needs --rand_augment: how many operations are done, such as 2."
