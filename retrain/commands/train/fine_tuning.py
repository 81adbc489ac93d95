"""Training on images: the base and the head together, or the head of a frozen base on augmented images."""

import dataclasses
import functools
import os

import keras
import pandas as pd
from absl import logging
from keras.optimizers.schedules import LearningRateSchedule

from retrain.commands.task_flags import task_weights
from retrain.commands.train.augmentation_options import augmentation_options
from retrain.commands.train.fine_tuning_options import optimizer_settings, recipe_of, stopping_rules
from retrain.commands.train.mixed_precision import check_hardware, trained_model
from retrain.commands.train.training_images import image_paths, train_batches, validation_batches
from retrain.data.augmentation.levels import NONE
from retrain.errors import InputError
from retrain.features.image_features import image_features
from retrain.features.stored import Features
from retrain.model import ImageClassifier, variables_from
from retrain.modules.image_module import ImageModule
from retrain.modules.signatures import IMAGE_FEATURE_VECTOR
from retrain.report.augmented_page import write_augmented_page
from retrain.settings.config import Config
from retrain.settings.pixels import two_steps
from retrain.training.estimator import Estimator, InputFn
from retrain.training.fine_tune_recipe import FineTuneRecipe
from retrain.training.optimizer import WarmupCosine, make_optimizer
from retrain.training.run_state import RunState
from retrain.training.training_loop import Penalties
from retrain.training.watched_training import Course, WatchedTraining

AUGMENTED_PAGE = "augmented.png"


def frozen_part(config: Config) -> Config:
    """The settings of the head that training on images starts from: what is said is said of the latter."""
    later = ("max_steps", "train_epochs", "learning_rate", "batch_size", "label_smoothing")
    return dataclasses.replace(config, **dict.fromkeys(later)) if config.trains_on_images else config


def check_trainable(config: Config, module: ImageModule) -> None:
    """Raises InputError for a base that cannot be fine-tuned as the flags say, or not here."""
    if config.fine_tune and not module.trainable_variables:
        raise InputError(
            f"--fine_tune trains the variables of a module, and {module.handle!r} has none that can be "
            f"trained: leave it out, or use another module."
        )
    if config.fine_tune_from is not None:
        variables_from(module.trainable_variables, config.fine_tune_from)
    if config.mixed_precision:
        check_hardware()


def train_on_images(
    config: Config,
    run: str,
    image_dir: str,
    examples: pd.DataFrame,
    features: Features,
    model: ImageClassifier,
) -> tuple[Features, int]:
    """Gives the model the weights of the best step; returns its features with them, and that step."""
    recipe = recipe_for(config, examples, features, model)
    logging.info("%s: %s.", "Fine-tuning" if config.fine_tune else "Head on augmented images", recipe)
    augmentation = augmentation_options(config, recipe.augment)
    if augmentation != NONE:
        page, of_train = os.path.join(run, AUGMENTED_PAGE), examples[examples["split"] == "train"]
        write_augmented_page(
            page, image_paths(image_dir, of_train), model.image_size, augmentation, config.seed
        )
    trained = trained_model(config, model)
    estimator = _estimator(config, run, trained, recipe)
    course = _course(config, image_dir, examples, trained, recipe)
    WatchedTraining(estimator, course).run()
    if trained is not model:
        model.take_weights(trained)
    if config.fine_tune:
        _, features, _ = image_features(
            *(examples, image_dir, model.base, IMAGE_FEATURE_VECTOR),
            *(None, config.feature_engine, config.max_skipped_percentage, None),
        )
    return features, estimator.global_step


def recipe_for(
    config: Config, examples: pd.DataFrame, features: Features, model: ImageClassifier
) -> FineTuneRecipe:
    """The recipe for these examples and heads."""
    counts = examples["split"].value_counts()
    classes = max(head.num_classes for head in model.heads.values())
    return recipe_of(config, counts["train"], classes, counts.get("validation", 0), features)


def penalties(config: Config) -> Penalties:
    """What the user said of the heads' kernels."""
    return Penalties(config.l1_regularizer, config.l2_regularizer or 0.0)


def optimizer_of(
    config: Config, recipe: FineTuneRecipe, model: ImageClassifier, rates: LearningRateSchedule
) -> keras.optimizers.Optimizer:
    """The optimizer of the variables that are trained, at these rates."""
    base, factor = model.trained_base_variables, recipe.base_learning_rate_factor
    return make_optimizer(optimizer_settings(config, recipe), rates, base, factor)


def train_input(
    config: Config, image_dir: str, examples: pd.DataFrame, model: ImageClassifier, recipe: FineTuneRecipe
) -> InputFn:
    """The batches that are trained on, from a step on."""
    return functools.partial(
        *(train_batches, image_dir, examples, model, recipe.batch_size),
        *(augmentation_options(config, recipe.augment), config.class_weights, config.seed),
    )


def _estimator(config: Config, run: str, model: ImageClassifier, recipe: FineTuneRecipe) -> Estimator:
    state = RunState()
    rates = WarmupCosine(recipe.learning_rate, recipe.steps, recipe.warmup_steps, state.rate_factor)
    return Estimator(
        model,
        run,
        optimizer_of(config, recipe, model, rates),
        seed=config.seed,
        label_smoothing=recipe.label_smoothing,
        penalties=penalties(config),
        task_weights=task_weights(config, model.heads),
        save_checkpoints_steps=config.save_checkpoints_steps,
        run_state=state,
    )


def _course(
    config: Config,
    image_dir: str,
    examples: pd.DataFrame,
    model: ImageClassifier,
    recipe: FineTuneRecipe,
) -> Course:
    has_validation = (examples["split"] == "validation").any()
    validation = validation_batches(image_dir, examples, model) if has_validation else None
    return Course(
        train_input(config, image_dir, examples, model, recipe),
        validation and (lambda: validation),
        recipe.steps,
        recipe.batch_size,
        stopping_rules(config, recipe),
        None if config.profile_steps is None else two_steps("profile_steps", config.profile_steps),
    )
