"""The settings of a run: one frozen dataclass, from which flags, checks and the help page are made.

None means "by the recipe". Config stops at commands/: below, functions get the plain values they use.
That a path exists, or that a name stands in an extension table, is checked by the command.
"""

import dataclasses
import json
import os
import re
from collections.abc import Collection, Mapping
from typing import Any, get_args

from retrain.errors import InputError
from retrain.extensions import unknown_name
from retrain.settings import about, as_text, complaint, setting

PERCENT = {"low": 0.0, "below": 100.0}
COUNT = {"low": 1, "high": 10**9}
DATA_VERBS = ("train", "evaluate")
ALL_VERBS = ("train", "evaluate", "predict", "inspect")
MODULE_VERBS = ("train", "inspect")


@dataclasses.dataclass(frozen=True)
class Config:
    """Every setting of every verb."""

    image_dir: str | None = setting(
        None,
        "data",
        "Folder with one folder of images per class: JPEG, PNG, GIF, BMP or WebP, at any depth. Top "
        "folders named train, validation (or val) and test are taken as the split.",
        verbs=DATA_VERBS,
        path=True,
        required=dict.fromkeys(("train", "evaluate"), "a folder with one folder of images per class"),
    )
    labels_file: str | None = setting(
        None,
        "data",
        "Table of labels instead of class folders: CSV, TSV, Parquet or JSON lines, a row an image, with a "
        "column of paths in image_dir and one of labels for each task. Columns split, group and weight "
        "mean what they say.",
        verbs=DATA_VERBS,
        path=True,
    )
    path_column: str | None = setting(
        None, "data", "Column of paths in labels_file. Default: the first.", verbs=DATA_VERBS
    )
    tasks: str | None = setting(
        None,
        "data",
        "Columns of labels_file and their heads, such as kind:softmax,tags:sigmoid. Default: every column of "
        "labels, sigmoid where a cell holds several.",
        verbs=DATA_VERBS,
    )
    label_separator: str = setting(
        "|", "data", "What stands between several labels in a cell of labels_file.", verbs=DATA_VERBS
    )
    head: str = setting(
        "softmax",
        "data",
        "For class folders: softmax gives an image one class; sigmoid any number of them, those of all the "
        "folders in which it lies.",
    )
    split_file: str | None = setting(
        None,
        "data",
        "predictions.csv of an earlier run: every image in it stays in the split where it was.",
        path=True,
    )
    validation_percentage: float = setting(
        10.0,
        "data",
        "Share of the images by which the best head is chosen. A hash of each path decides, so that "
        "adding images moves none.",
        **PERCENT,
    )
    testing_percentage: float = setting(
        10.0, "data", "Share of the images kept for the accuracy that is printed at the end.", **PERCENT
    )
    max_skipped_percentage: float = setting(
        10.0,
        "data",
        "Stop when more than this share of the images cannot be decoded; skipped.csv says why.",
        verbs=DATA_VERBS,
        low=0.0,
        high=100.0,
    )
    tfhub_module: str = setting(
        "builtin:",
        "module",
        "Pretrained image module: a directory, a .tar.gz, a TF Hub or Kaggle URL, keras:MobileNetV3Large, "
        "a .keras file, or builtin: (nothing to download, but less accurate). An exported classifier is "
        "one, too.",
        verbs=ALL_VERBS,
        sweep=True,
        path=True,
        required=dict.fromkeys(("evaluate", "predict"), "the export/saved_model of a training run"),
    )
    image_size: int | None = setting(
        None,
        "module",
        "Height and width in pixels, for a module that takes any size; larger is slower and often more "
        "accurate. Default: the size the module expects.",
        verbs=ALL_VERBS,
        sweep=True,
        low=1,
        high=4096,
    )
    module_kind: str | None = setting(
        None,
        "module",
        "What calling the module gives, where the module itself does not say it right.",
        verbs=("train", "evaluate", "inspect"),
        choices=("image_feature_vector", "image_classification"),
    )
    module_input_range: tuple[float, float] = setting(
        (0.0, 1.0),
        "module",
        "For a .keras file: the range of pixel values it was trained on, such as -1,1 or 0,255.",
        verbs=MODULE_VERBS,
    )
    label_map: str | None = setting(
        None,
        "module",
        "Text file of the classes that the module was published with, one a line: to evaluate a module that "
        "is no export of retrain, or for --warm_start_head. Class folders have their names.",
        verbs=DATA_VERBS,
        path=True,
    )
    feature_output: str | None = setting(
        None,
        "module",
        "For a .keras file: the layer whose output is the features. Default: the output, unless that is a "
        "softmax; then the layer before it.",
        verbs=MODULE_VERBS,
    )
    feature_cache: str | None = setting(
        None,
        "module",
        "Directory that keeps computed features for later runs; none keeps nothing. Default: the user's "
        "cache directory.",
        path=True,
    )
    feature_engine: str = setting(
        "auto",
        "module",
        "What computes the features: auto takes litert (pip install 'retrain[litert]') when there are "
        "enough images to pay for the conversion.",
        choices=("auto", "tensorflow", "litert"),
    )
    learning_rate: float | None = setting(
        None,
        "training",
        "Step size of the optimizer. Default: by the recipe; a given value is never overridden.",
        sweep=True,
        above=0.0,
    )
    max_steps: int | None = setting(
        None, "training", "Steps of training, one batch each. Default: by the recipe.", sweep=True, **COUNT
    )
    train_epochs: float | None = setting(
        None, "training", "Passes over the training images, instead of max_steps.", sweep=True, above=0.0
    )
    batch_size: int = setting(100, "training", "Images per training step.", sweep=True, **COUNT)
    dropout_rate: float = setting(
        0.2,
        "training",
        "Share of the features left out at random in each step; 0.5 when there are few images.",
        sweep=True,
        low=0.0,
        below=1.0,
    )
    label_smoothing: float = setting(
        0.0,
        "training",
        "Share of each label that is spread over all classes; 0.1 when some labels are wrong.",
        sweep=True,
        low=0.0,
        below=1.0,
    )
    l1_regularizer: float = setting(
        0.0,
        "training",
        "Weight of the L1 penalty on the head; it sets what useless features count to zero.",
        sweep=True,
        low=0.0,
    )
    l2_regularizer: float | None = setting(
        None,
        "training",
        "Weight of the L2 penalty on the head; more for fewer images. Default: the best of a small grid.",
        sweep=True,
        low=0.0,
    )
    class_weights: str = setting(
        "none",
        "training",
        "balanced lets every class count the same, however many images it has.",
        choices=("none", "balanced"),
        sweep=True,
    )
    task_weights: str | None = setting(
        None,
        "training",
        "What the loss of each task counts, such as kind:1,tags:0.5. Default: 1 each.",
    )
    calibrate: bool = setting(
        True,
        "training",
        "Fit a temperature to the validation images, so that probabilities are as often right as they say.",
    )
    warm_start_head: bool = setting(
        False,
        "training",
        "Begin with the weights that the module's publisher gave to classes of the same names, found in "
        "--label_map; for few images.",
    )
    seed: int = setting(
        0,
        "training",
        "Two runs with the same seed give the same classifier, on a CPU to the last bit.",
        low=0,
        high=2**31 - 1,
    )
    model_dir: str | None = setting(
        None,
        "results",
        "Directory for all that the run writes. Default: a new one, runs/FOLDER-TIME.",
        verbs=DATA_VERBS,
        path=True,
    )
    export_formats: tuple[str, ...] = setting(
        ("saved_model", "hub_module"),
        "results",
        "Formats in which the classifier is exported, with commas between.",
    )
    output: str | None = setting(
        None,
        "results",
        "CSV file for the predictions (path, class, probability). Default: the terminal.",
        verbs=("predict",),
        path=True,
    )
    json: bool = setting(False, "results", "Print JSON, for programs.", verbs=("inspect",))


FIELDS: Mapping[str, dataclasses.Field] = {field.name: field for field in dataclasses.fields(Config)}
# Values of a path that name none: "none", and handles such as builtin: or https://...
NO_PATH = re.compile(r"none$|[A-Za-z0-9_]{2,}:")


def kind(name: str) -> type:
    """The type of one value: of an optional one, without None; of a tuple, that of its elements."""
    parts = get_args(FIELDS[name].type)
    return parts[0] if parts else FIELDS[name].type


def read_by(verb: str) -> list[str]:
    """The names of the fields that `verb` reads, in their order."""
    return [name for name, field in FIELDS.items() if verb in about(field).verbs]


def check(config: Config, verb: str, given: Collection[str]) -> None:
    """Raises an InputError for the first thing `verb` cannot be run with; `given` names what the user set."""
    for name, field in FIELDS.items():
        if sentence := complaint(field, getattr(config, name), verb, name in given):
            raise InputError(sentence)
    for contradiction in (_no_training_images, _two_lengths, _no_input_range, _no_label_map):
        if sentence := contradiction(config):
            raise InputError(sentence)


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


def to_flags(config: Config, verb: str) -> str:
    """The text of `run.flags`, which repeats the run from any directory; where it writes is left out.

    Defaults are written, too: a later version may have others.
    """
    lines = [f"# python -m retrain {verb} --flagfile=run.flags"]
    for name in read_by(verb):
        value = getattr(config, name)
        if name != "model_dir" and value is not None:
            lines.append(f"--{name}={as_text(_absolute(name, value))}")
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
