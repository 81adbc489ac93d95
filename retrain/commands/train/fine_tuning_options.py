"""From the flags of fine-tuning, and the recipe where they say nothing, to what training on images takes."""

from retrain.features.stored import Features
from retrain.head_search.recipe import head_rate
from retrain.settings.config import Config
from retrain.settings.pixels import steps_or_seconds, steps_or_share
from retrain.training.fine_tune_recipe import (
    BASE_RATE_FACTOR,
    BATCH_SIZE,
    LABEL_SMOOTHING,
    WARMUP,
    WEIGHT_DECAY,
    FineTuneRecipe,
    augmentation_level,
    evaluation_interval,
    fine_tune_steps,
    peak_rate,
)
from retrain.training.optimizer import OptimizerSettings
from retrain.training.stopping import StoppingRules


def recipe_of(
    config: Config, count: int, classes: int, validation_count: int, features: Features
) -> FineTuneRecipe:
    """The recipe for `count` training images, with what the user gave in its place."""
    batch_size = config.batch_size or BATCH_SIZE
    steps = config.max_steps or fine_tune_steps(count, batch_size)
    if config.train_epochs is not None:
        steps = max(1, round(config.train_epochs * count / batch_size))
    level = config.augment or ("auto" if config.fine_tune else "none")
    warmup = config.warmup_steps or f"{100 * WARMUP:g}%"
    eval_every, _ = _eval_every(config)
    return FineTuneRecipe(
        steps,
        batch_size,
        _given(config.learning_rate, _learning_rate(config, batch_size, features)),
        steps_or_share("warmup_steps", warmup, steps),
        _given(config.base_learning_rate_factor, BASE_RATE_FACTOR),
        _given(config.weight_decay, WEIGHT_DECAY if config.fine_tune else 0.0),
        _given(config.label_smoothing, LABEL_SMOOTHING if config.fine_tune else 0.0),
        augmentation_level(count, classes) if level == "auto" else level,
        eval_every or evaluation_interval(count, batch_size, validation_count),
    )


def optimizer_settings(config: Config, recipe: FineTuneRecipe) -> OptimizerSettings:
    """What the optimizer is made of."""
    return OptimizerSettings(
        config.optimizer, config.momentum, recipe.weight_decay, config.gradient_clip_norm, config.ema
    )


def stopping_rules(config: Config, recipe: FineTuneRecipe) -> StoppingRules:
    """When to look at the validation images, and when to stop."""
    _, seconds = _eval_every(config)
    return StoppingRules(
        recipe.eval_every if seconds is None else None,
        seconds,
        config.early_stopping_metric,
        config.early_stopping_patience,
        config.max_train_time,
    )


def _learning_rate(config: Config, batch_size: int, features: Features) -> float:
    """Of a frozen base's head alone, what its features allow; gradient descent is what that is known of."""
    if config.fine_tune or config.optimizer != "sgd":
        return peak_rate(config.optimizer, batch_size, config.freeze_batch_norm)
    return head_rate(features)


def _eval_every(config: Config) -> tuple[int | None, float | None]:
    return (None, None) if config.eval_every is None else steps_or_seconds("eval_every", config.eval_every)


def _given(value: float | None, default: float) -> float:
    return default if value is None else value
