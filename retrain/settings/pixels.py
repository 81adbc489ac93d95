"""The settings of training on images: base and heads together, or the heads alone on augmented images.

With all values filled in, by the recipe where the user said nothing, they are one such training.
"""

import dataclasses
import re

from retrain.settings.field import setting
from retrain.settings.needs import FINE_TUNE, MOMENTUM, ON_IMAGES
from retrain.settings.training import TrainingSettings
from retrain.settings.values import Quantity, pattern, steps_or_seconds, steps_or_share, two_steps


@dataclasses.dataclass(frozen=True)
class PixelSettings(TrainingSettings):
    """How the base is trained together with the heads, and when that stops."""

    title = "Fine-tuning the module with it"

    fine_tune: bool = setting(
        False,
        "Train the module, too, from the best head of the frozen one on. More accurate, and slower: minutes "
        "instead of seconds.",
        sweep=True,
    )
    base_learning_rate_factor: float | None = setting(
        None,
        "What the learning rate of the module's own variables is multiplied with. Default: by the recipe.",
        sweep=True,
        above=0.0,
        high=1000.0,
        needs=FINE_TUNE,
    )
    fine_tune_from: re.Pattern[str] | None = setting(
        None,
        "Train only the module's variables from the first one on whose name matches this regular expression, "
        "in the order of the module; the layers before it stay as they are.",
        sweep=True,
        parse=pattern,
        needs=FINE_TUNE,
    )
    freeze_batch_norm: bool = setting(
        False,
        "Batch norm uses the statistics that the module came with, and leaves them alone; for batches of a "
        "few images.",
        sweep=True,
        needs=FINE_TUNE,
    )
    optimizer: str | None = setting(
        None,
        "Optimizer of Keras, when training on images. Default: by the recipe, adamw for large modules, sgd "
        "for others and for heads alone.",
        choices=("sgd", "adam", "adamw", "rmsprop", "nadam", "adagrad", "lion", "lamb"),
        sweep=True,
        needs=ON_IMAGES,
    )
    momentum: float = setting(
        0.9,
        "Momentum of sgd and rmsprop.",
        sweep=True,
        low=0.0,
        below=1.0,
        needs=MOMENTUM,
    )
    weight_decay: float | None = setting(
        None,
        "What share of each matrix, times the learning rate, is taken from it in a step. Default: by the "
        "recipe.",
        sweep=True,
        low=0.0,
        needs=ON_IMAGES,
    )
    warmup_steps: Quantity | None = setting(
        None,
        "Steps, or a percentage such as 10%, in which the learning rate rises. Default: by the recipe.",
        parse=steps_or_share,
        needs=ON_IMAGES,
    )
    gradient_clip_norm: float | None = setting(
        None,
        "Scale a gradient whose norm over all variables is larger down to it.",
        sweep=True,
        above=0.0,
        needs=ON_IMAGES,
    )
    ema: float | None = setting(
        None,
        "Keep moving averages of all weights with this decay, such as 0.99, and evaluate and export these.",
        sweep=True,
        above=0.0,
        below=1.0,
        needs=ON_IMAGES,
    )
    mixed_precision: bool = setting(
        False,
        "Compute in bfloat16 where the hardware is faster in it.",
        needs=FINE_TUNE,
    )
    eval_every: Quantity | None = setting(
        None,
        "Steps, or seconds such as 30s, between two evaluations of the validation images. Default: by the "
        "recipe, about once an epoch.",
        parse=steps_or_seconds,
        needs=ON_IMAGES,
    )
    early_stopping_patience: int | None = setting(
        None,
        "Stop after so many evaluations without a better figure. Default: never.",
        low=1,
        needs=ON_IMAGES,
    )
    early_stopping_metric: str = setting(
        "loss",
        "The figure of validation that says which step is exported: accuracy, or another of metrics.json, "
        "where it is best; loss, the last step within a standard error of the lowest.",
        needs=ON_IMAGES,
    )
    max_train_time: float | None = setting(
        None,
        "Stop after so many seconds of training, over all parts of a run.",
        above=0.0,
        needs=ON_IMAGES,
    )
    save_checkpoints_steps: int | None = setting(
        None,
        "Steps between checkpoints. Default: each evaluation.",
        low=1,
        needs=ON_IMAGES,
    )
    profile_steps: tuple[int, int] | None = setting(
        None,
        "Two steps, such as 100,110, between which a profile for TensorBoard is taken.",
        parse=two_steps,
        needs=ON_IMAGES,
    )
    find_learning_rate: bool = setting(
        False,
        "Train nothing, but try rising learning rates for some 150 steps, print and plot the losses "
        "(learning_rates.png), and suggest one.",
        verbs=("train",),
        needs=ON_IMAGES,
    )
