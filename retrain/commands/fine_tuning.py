"""Training on images: the base and the head together, or the head of a frozen base on augmented images."""

import dataclasses
import functools
import os
from collections.abc import Mapping

import numpy as np
import pandas as pd
import tensorflow as tf
from absl import logging

from retrain.commands.augmentation_options import asks_for_augmentation, augmentation_options
from retrain.commands.image_features import image_features
from retrain.commands.task_flags import task_weights
from retrain.config import Config
from retrain.data.pipeline import image_batches, training_batches
from retrain.errors import InputError
from retrain.heads.head import Head
from retrain.model import IMAGES, ImageClassifier, variables_from
from retrain.modules.image_module import ImageModule
from retrain.modules.signatures import IMAGE_FEATURE_VECTOR
from retrain.settings.fine_tuning import steps_or_seconds, steps_or_share, two_steps
from retrain.training.estimator import Estimator
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
from retrain.training.optimizer import OptimizerSettings, WarmupCosine, make_optimizer
from retrain.training.run_state import RunState
from retrain.training.stopping import StoppingRules
from retrain.training.training_loop import Penalties
from retrain.training.watched_training import Course, WatchedTraining


def trains_on_images(config: Config) -> bool:
    """Whether features do not do: the base changes, or every image looks different each time."""
    return config.fine_tune or asks_for_augmentation(config)


def frozen_part(config: Config) -> Config:
    """The settings of the head that training on images starts from: what is said is said of the latter."""
    later = ("max_steps", "train_epochs", "learning_rate", "batch_size", "label_smoothing")
    return dataclasses.replace(config, **dict.fromkeys(later)) if trains_on_images(config) else config


def train_on_images(
    config: Config,
    run: str,
    image_dir: str,
    examples: pd.DataFrame,
    features: np.ndarray,
    model: ImageClassifier,
) -> tuple[np.ndarray, int]:
    """Gives the model the weights of the best step; returns its features with them, and that step."""
    counts = examples["split"].value_counts()
    classes = max(head.num_classes for head in model.heads.values())
    recipe = recipe_of(config, counts["train"], classes, counts.get("validation", 0))
    logging.info("%s: %s.", "Fine-tuning" if config.fine_tune else "Training on images", recipe)
    state = RunState()
    schedule = WarmupCosine(recipe.learning_rate, recipe.steps, recipe.warmup_steps, state.rate_factor)
    estimator = Estimator(
        model,
        run,
        make_optimizer(
            optimizer_settings(config, recipe),
            schedule,
            model.trained_base_variables,
            recipe.base_learning_rate_factor,
        ),
        seed=config.seed,
        label_smoothing=recipe.label_smoothing,
        penalties=Penalties(config.l1_regularizer, config.l2_regularizer or 0.0),
        task_weights=task_weights(config, model.heads),
        save_checkpoints_steps=config.save_checkpoints_steps,
        run_state=state,
    )
    validation = functools.partial(_validation_batches, image_dir, examples, model)
    course = Course(
        functools.partial(_train_batches, config, image_dir, examples, model, recipe),
        validation if "validation" in counts else None,
        recipe.steps,
        recipe.batch_size,
        stopping_rules(config, recipe),
        two_steps("profile_steps", config.profile_steps) if config.profile_steps else None,
    )
    WatchedTraining(estimator, course).run()
    if config.fine_tune:
        _, features, _ = image_features(
            examples, image_dir, model.base, IMAGE_FEATURE_VECTOR, None, config.feature_engine, 100.0, None
        )
    return features, estimator.global_step


def check_trainable(config: Config, module: ImageModule) -> None:
    """Raises InputError for a base that cannot be fine-tuned, or a pattern that names nothing in it."""
    if not config.fine_tune:
        return
    if not module.trainable_variables:
        raise InputError(
            f"--fine_tune trains the variables of a module, and {module.handle!r} has none that can be "
            f"trained: leave it out, or use another module."
        )
    if config.fine_tune_from is not None:
        variables_from(module.trainable_variables, config.fine_tune_from)


def recipe_of(config: Config, count: int, classes: int, validation_count: int) -> FineTuneRecipe:
    """The recipe for `count` training images, with what the user gave in its place."""
    batch_size = config.batch_size or BATCH_SIZE
    steps = config.max_steps or fine_tune_steps(count, batch_size)
    if config.train_epochs is not None:
        steps = max(1, round(config.train_epochs * count / batch_size))
    warmup = config.warmup_steps or f"{WARMUP:%}"
    eval_every, _ = steps_or_seconds("eval_every", config.eval_every) if config.eval_every else (None, None)
    return FineTuneRecipe(
        steps,
        batch_size,
        _given(config.learning_rate, peak_rate(config.optimizer, batch_size, config.freeze_batch_norm)),
        steps_or_share("warmup_steps", warmup, steps),
        _given(config.base_learning_rate_factor, BASE_RATE_FACTOR),
        _given(config.weight_decay, WEIGHT_DECAY),
        _given(config.label_smoothing, LABEL_SMOOTHING),
        augmentation_level(count, classes) if config.augment in (None, "auto") else config.augment,
        eval_every or evaluation_interval(count, batch_size, validation_count),
    )


def optimizer_settings(config: Config, recipe: FineTuneRecipe) -> OptimizerSettings:
    """What the optimizer is made of."""
    return OptimizerSettings(
        config.optimizer, config.momentum, recipe.weight_decay, config.gradient_clip_norm, config.ema
    )


def stopping_rules(config: Config, recipe: FineTuneRecipe) -> StoppingRules:
    """When to look at the validation images, and when to stop."""
    _, seconds = steps_or_seconds("eval_every", config.eval_every) if config.eval_every else (None, None)
    return StoppingRules(
        recipe.eval_every if seconds is None else None,
        seconds,
        config.early_stopping_metric,
        config.early_stopping_patience,
        config.max_train_time,
    )


def _given(value: float | None, default: float) -> float:
    return default if value is None else value


def _train_batches(
    config: Config,
    image_dir: str,
    examples: pd.DataFrame,
    model: ImageClassifier,
    recipe: FineTuneRecipe,
    first_step: int,
) -> tf.data.Dataset:
    paths, labels, of_split = _split(image_dir, examples, model.heads, "train")
    weights = _example_weights(of_split, model.heads, labels, config.class_weights)
    return training_batches(
        *(paths, labels, model.image_size, recipe.batch_size, config.seed, first_step),
        augmentation=augmentation_options(config, recipe.augment),
        weights=weights,
    )


def _validation_batches(image_dir: str, examples: pd.DataFrame, model: ImageClassifier) -> tf.data.Dataset:
    paths, labels, _ = _split(image_dir, examples, model.heads, "validation")
    labels = tf.nest.map_structure(tf.constant, labels)
    batches = image_batches(paths, model.image_size, BATCH_SIZE)
    return batches.map(
        lambda rows, images: (
            {IMAGES: images},
            tf.nest.map_structure(lambda values: tf.gather(values, rows), labels),
        )
    )


def _split(
    image_dir: str, examples: pd.DataFrame, heads: Mapping[str, Head], split: str
) -> tuple[list[str], dict[str, np.ndarray], pd.DataFrame]:
    of_split = examples[examples["split"] == split]
    paths = [os.path.join(image_dir, path) for path in of_split["path"]]
    return paths, {task: head.encode(of_split[task]) for task, head in heads.items()}, of_split


def _example_weights(
    examples: pd.DataFrame, heads: Mapping[str, Head], labels: Mapping[str, np.ndarray], class_weights: str
) -> dict[str, np.ndarray]:
    """By task: balanced, if asked for, zero where there is no label, and as the table of labels says."""
    given = examples["weight"].to_numpy(np.float32) if "weight" in examples else np.float32(1.0)
    return {task: head.example_weights(labels[task], class_weights) * given for task, head in heads.items()}
