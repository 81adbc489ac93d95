"""The settings of fine-tuning, and of training on pixels in general."""

import dataclasses
import re

from retrain.errors import InputError
from retrain.settings.field import as_text, setting

# Of the fields below, those that also a frozen base reads whose head is trained on augmented images.
ON_IMAGES = (
    *("optimizer", "momentum", "weight_decay", "warmup_steps", "gradient_clip_norm", "ema", "eval_every"),
    *("early_stopping_patience", "early_stopping_metric", "max_train_time", "save_checkpoints_steps"),
    *("profile_steps", "find_learning_rate"),
)
UNITS = {"%": "a percentage of them", "s": "seconds"}
EXAMPLES = {"%": "200 or 10%", "s": "200 or 30s"}


@dataclasses.dataclass(frozen=True)
class FineTuningSettings:
    """How the base is trained together with the head, and when that stops."""

    fine_tune: bool = setting(
        False,
        "fine_tuning",
        "Train the module, too, from the best head of the frozen one on. More accurate, and slower: minutes "
        "instead of seconds.",
        sweep=True,
    )
    base_learning_rate_factor: float | None = setting(
        None,
        "fine_tuning",
        "What the learning rate of the module's own variables is multiplied with. Default: by the recipe.",
        sweep=True,
        above=0.0,
        high=1000.0,
    )
    fine_tune_from: str | None = setting(
        None,
        "fine_tuning",
        "Train only the module's variables from the first one on whose name matches this regular expression, "
        "in the order of the module; the layers before it stay as they are.",
        sweep=True,
    )
    freeze_batch_norm: bool = setting(
        False,
        "fine_tuning",
        "Batch norm uses the statistics that the module came with, and leaves them alone; for batches of a "
        "few images.",
        sweep=True,
    )
    optimizer: str = setting(
        "sgd",
        "fine_tuning",
        "Optimizer of Keras, when training on images.",
        choices=("sgd", "adam", "adamw", "rmsprop", "nadam", "adagrad", "lion", "lamb"),
        sweep=True,
    )
    momentum: float = setting(
        0.9, "fine_tuning", "Momentum of sgd and rmsprop.", sweep=True, low=0.0, below=1.0
    )
    weight_decay: float | None = setting(
        None,
        "fine_tuning",
        "What share of each matrix, times the learning rate, is taken from it in a step. Default: by the "
        "recipe.",
        sweep=True,
        low=0.0,
    )
    warmup_steps: str | None = setting(
        None,
        "fine_tuning",
        "Steps, or a percentage such as 10%, in which the learning rate rises. Default: by the recipe.",
    )
    gradient_clip_norm: float | None = setting(
        None,
        "fine_tuning",
        "Scale a gradient whose norm over all variables is larger down to it.",
        sweep=True,
        above=0.0,
    )
    ema: float | None = setting(
        None,
        "fine_tuning",
        "Keep moving averages of all weights with this decay, such as 0.99, and evaluate and export these.",
        sweep=True,
        above=0.0,
        below=1.0,
    )
    mixed_precision: bool = setting(
        False,
        "fine_tuning",
        "Compute in bfloat16 where the hardware is faster in it.",
    )
    eval_every: str | None = setting(
        None,
        "fine_tuning",
        "Steps, or seconds such as 30s, between two looks at the validation images. Default: by the recipe, "
        "about once an epoch.",
    )
    early_stopping_patience: int | None = setting(
        None,
        "fine_tuning",
        "Stop after so many looks at the validation images without a better figure. Default: never.",
        low=1,
    )
    early_stopping_metric: str = setting(
        "loss",
        "fine_tuning",
        "The figure of validation that says which step was the best, and is exported: loss, accuracy, or "
        "another of metrics.json.",
    )
    max_train_time: float | None = setting(
        None, "fine_tuning", "Stop after so many seconds of training, over all parts of a run.", above=0.0
    )
    save_checkpoints_steps: int | None = setting(
        None, "fine_tuning", "Steps between checkpoints. Default: each look at the validation images.", low=1
    )
    profile_steps: str | None = setting(
        None, "fine_tuning", "Two steps, such as 100,110, between which a profile for TensorBoard is taken."
    )
    find_learning_rate: bool = setting(
        False,
        "fine_tuning",
        "Train nothing, but try rising learning rates for some 150 steps, print and plot the losses "
        "(learning_rates.png), and suggest one.",
        verbs=("train",),
    )


def check_fine_tuning(settings: FineTuningSettings, augments: bool) -> None:
    """InputError for what is said of a training that there is not, and for what is no number of steps."""
    for name in unread_by(settings, augments):
        needed = "--fine_tune or --augment" if name in ON_IMAGES else "--fine_tune"
        value = as_text(getattr(settings, name))
        raise InputError(f"--{name}={value} needs {needed}: give it, too, or leave this out.")
    if settings.warmup_steps is not None:
        steps_or_share("warmup_steps", settings.warmup_steps, 1)
    if settings.eval_every is not None:
        steps_or_seconds("eval_every", settings.eval_every)
    if settings.profile_steps is not None:
        two_steps("profile_steps", settings.profile_steps)


def unread_by(settings: FineTuningSettings, augments: bool) -> list[str]:
    """The fields that were given a value, and say it of a training that there is not."""
    return [
        field.name
        for field in dataclasses.fields(FineTuningSettings)
        if getattr(settings, field.name) != field.default
        and not (settings.fine_tune or (augments and field.name in ON_IMAGES))
    ]


def steps_or_share(flag: str, text: str, steps: int) -> int:
    """The number of steps that "200", or "10%" of `steps`, says."""
    count, share = _count_or_quantity(flag, text, "%")
    return round(share * steps / 100) if count is None else count


def steps_or_seconds(flag: str, text: str) -> tuple[int | None, float | None]:
    """("200") -> 200 steps, None; ("30s") -> None, 30 seconds."""
    count, seconds = _count_or_quantity(flag, text, "s")
    if not (count or seconds):
        raise InputError(f"--{flag}={text!r} is out of range: it must be above 0.")
    return count, seconds


def two_steps(flag: str, text: str) -> tuple[int, int]:
    """The steps of "100,110"."""
    words = text.split(",")
    if len(words) != 2 or not all(word.strip().isdigit() for word in words) or int(words[0]) >= int(words[1]):
        raise InputError(f"--{flag}={text!r} must be two steps, the earlier first, such as 100,110.")
    return int(words[0]), int(words[1])


def _count_or_quantity(flag: str, text: str, unit: str) -> tuple[int | None, float | None]:
    match = re.fullmatch(rf"(\d+)|(\d+(?:\.\d+)?){unit}", text.strip())
    if match is None:
        raise InputError(
            f"--{flag}={text!r} was expected to be a number of steps, or {UNITS[unit]}: write, say, "
            f"{EXAMPLES[unit]}."
        )
    return (int(match[1]), None) if match[1] else (None, float(match[2]))
