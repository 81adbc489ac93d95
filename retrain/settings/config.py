"""All settings of a run: one section for each stage, from which flags, checks and the help page are made.

A section is what its stage takes, and stops there. None means "by the recipe". That a path exists, or that a
name stands in an extension table, is checked by the verb.
"""

import dataclasses
import functools
import json
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any, Self

from retrain.errors import InputError
from retrain.extensions import unknown_name
from retrain.settings.augmentation import AugmentationSettings
from retrain.settings.data import DataSettings
from retrain.settings.distribution import DistributionSettings
from retrain.settings.field import about, absolute, as_text, complaint, from_text
from retrain.settings.head import HeadSettings
from retrain.settings.module import ModuleSettings
from retrain.settings.needs import Circumstances, unread
from retrain.settings.pixels import PixelSettings
from retrain.settings.results import ResultSettings
from retrain.settings.serving import ServingSettings
from retrain.settings.sweep import SweepSettings

SECTIONS: Mapping[str, type] = {
    "data": DataSettings,
    "module": ModuleSettings,
    "head": HeadSettings,
    "pixels": PixelSettings,
    "augmentation": AugmentationSettings,
    "distribution": DistributionSettings,
    "sweep": SweepSettings,
    "results": ResultSettings,
    "serving": ServingSettings,
}
# Every field once, by the name of its flag; what is said of all training stands in two sections.
FIELDS: Mapping[str, dataclasses.Field] = MappingProxyType(
    {field.name: field for section in SECTIONS.values() for field in dataclasses.fields(section)}
)


@dataclasses.dataclass(frozen=True)
class Config:
    """The sections. They are made from values by the name of their flags with `Config.of`."""

    data: DataSettings = DataSettings()
    module: ModuleSettings = ModuleSettings()
    head: HeadSettings = HeadSettings()
    pixels: PixelSettings = PixelSettings()
    augmentation: AugmentationSettings = AugmentationSettings()
    distribution: DistributionSettings = DistributionSettings()
    sweep: SweepSettings = SweepSettings()
    results: ResultSettings = ResultSettings()
    serving: ServingSettings = ServingSettings()

    @classmethod
    def of(cls, **values: Any) -> Self:
        """The settings with these values, defaults for the others."""
        if unknown := set(values) - set(FIELDS):
            raise TypeError(f"no settings: {sorted(unknown)}")
        sections = {
            section: {name: values[name] for name in values if name in names}
            for section, names in _names().items()
        }
        on_images = _on_images(sections["pixels"], sections["augmentation"])
        for name in _names()["head"] & _names()["pixels"] & set(values):
            if not on_images:
                del sections["pixels"][name]
            elif about(FIELDS[name]).later:
                del sections["head"][name]
        return cls(**{name: SECTIONS[name](**of) for name, of in sections.items()})

    @property
    def trains_on_images(self) -> bool:
        """Whether features do not do: the base changes, or every image looks different each time."""
        return self.pixels.fine_tune or self.augmentation.augments

    def value(self, name: str) -> Any:
        """The value of a flag, wherever it went."""
        sections = [section for section, names in _names().items() if name in names]
        return getattr(getattr(self, sections[-1 if self.trains_on_images else 0]), name)

    def values(self) -> dict[str, Any]:
        """All values, by the name of their flags."""
        return {name: self.value(name) for name in FIELDS}

    def replaced(self, **values: Any) -> Self:
        """The settings with other values of these flags."""
        return type(self).of(**{**self.values(), **values})


@functools.cache
def _names() -> dict[str, set[str]]:
    """The names of the fields of each section."""
    return {name: {field.name for field in dataclasses.fields(of)} for name, of in SECTIONS.items()}


def _on_images(pixels: Mapping[str, Any], augmentation: Mapping[str, Any]) -> bool:
    return bool(pixels.get("fine_tune")) or AugmentationSettings(**augmentation).augments


def read_by(verb: str) -> list[str]:
    """The names of the fields that `verb` reads, in their order."""
    return [name for name, field in FIELDS.items() if verb in about(field).verbs]


def check(config: Config, verb: str, given: Collection[str]) -> None:
    """Raises an InputError for the first thing `verb` cannot be run with; `given` names what the user set."""
    for name, field in FIELDS.items():
        if sentence := complaint(field, config.value(name), verb, name in given):
            raise InputError(sentence)
    for contradiction in (_no_training_images, _two_lengths, _two_starts, _folds_of_images):
        if sentence := contradiction(config):
            raise InputError(sentence)
    if verb != "sweep":  # of which the trials are checked, for what varies may be what is needed
        check_read(Circumstances(config, verb))


def check_read(circumstances: Circumstances) -> None:
    """Raises an InputError for the first setting that was given a value, and has no effect."""
    for sentence in unread(circumstances, FIELDS).values():
        raise InputError(sentence)


def to_json(config: Config, **about: str) -> str:
    """All sections, as `config.json` holds them, behind what else is to be said of the run.

    A value of a type of its own stands there as it was typed.
    """
    sections = {
        name: {key: _plain(value) for key, value in vars(getattr(config, name)).items()} for name in SECTIONS
    }
    return json.dumps({**about, **sections}, indent=2, ensure_ascii=False) + "\n"


def _plain(value: Any) -> Any:
    """The value for JSON. A named tuple is a type of its own, no list."""
    if type(value) is tuple:
        return [_plain(one) for one in value]
    return value if value is None or isinstance(value, str | int | float) else as_text(value)


def to_flags(config: Config, verb: str, file: str = "run.flags") -> str:
    """The text of the flagfile `file`, which repeats the run from any directory; where it writes is left out.

    Defaults are written, too: a later version may have others.
    """
    lines = [f"# python -m retrain {verb} --flagfile={file}"]
    for name in read_by(verb):
        field, value = FIELDS[name], config.value(name)
        if about(field).recorded and value not in (None, ()):
            values = value if about(field).repeated else [absolute(field, value)]
            lines += [f"--{name}={as_text(one)}" for one in values]
    return "\n".join(lines) + "\n"


def from_flags(lines: Mapping[str, str]) -> Config:
    """The settings that a flagfile of `to_flags` holds, given as its lines, name -> text."""
    for name in lines:
        if name not in FIELDS:
            raise InputError(unknown_name(name, FIELDS, "setting of this version"))
    return Config.of(**{name: _from_line(name, text) for name, text in lines.items()})


def _from_line(name: str, text: str) -> Any:
    value = from_text(FIELDS[name], text, f"--{name}")
    return (value,) if about(FIELDS[name]).repeated else value


def _no_training_images(config: Config) -> str | None:
    validation, testing = config.data.validation_percentage, config.data.testing_percentage
    if validation + testing < 100:
        return None
    return (
        f"--validation_percentage={validation} and --testing_percentage={testing} leave no images "
        "for training: their sum must be below 100."
    )


def _two_lengths(config: Config) -> str | None:
    if config.value("max_steps") is None or config.value("train_epochs") is None:
        return None
    return "--max_steps and --train_epochs both say how long to train: give one of the two."


def _two_starts(config: Config) -> str | None:
    if config.module.warm_start_from is None or not config.module.warm_start_head:
        return None
    return "--warm_start_from and --warm_start_head both say where the head begins: give one of the two."


def _folds_of_images(config: Config) -> str | None:
    if config.sweep.folds is None or not config.trains_on_images:
        return None
    return (
        f"--folds={config.sweep.folds} judges heads on remembered features, but with --fine_tune or "
        f"--augment each fold would be a training of its own: leave out one of the two."
    )
