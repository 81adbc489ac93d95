"""Training on images: the base and the heads together, or the heads of a frozen base on augmented images.

With --find_learning_rate a ramp of rates is tried instead.
"""

import math
from typing import NamedTuple

import numpy as np
from absl import logging

from retrain.commands.image_pass import pass_again
from retrain.commands.train.base import in_bfloat16, loaded_base
from retrain.commands.train.check import TrainPlan
from retrain.data.augmentation.levels import filled as filled_augmentation
from retrain.data.pipeline import images_that_stay
from retrain.errors import InputError
from retrain.examples.image_batches import train_batches, validation_batches
from retrain.examples.labelled import LabelledExamples
from retrain.head_search.recipe import head_rate
from retrain.model import ImageClassifier
from retrain.modules.feature_variables import feature_variables
from retrain.printable import say
from retrain.report.augmented_page import AUGMENTED_PAGE, write_augmented_page
from retrain.report.learning_rate_plot import write_learning_rate_plot
from retrain.settings.augmentation import AugmentationSettings
from retrain.settings.config import Config
from retrain.settings.pixels import PixelSettings
from retrain.training.learning_rate_finder import learning_rate_curve
from retrain.training.pixel_recipe import augmentation_level, described, filled
from retrain.training.pixel_training import PixelTraining, pixel_estimator
from retrain.workers.workers import ALONE, Workers


class Recipe(NamedTuple):
    """Both sections with all values filled in."""

    pixels: PixelSettings
    augmentation: AugmentationSettings


def train_on_images(
    plan: TrainPlan,
    examples: LabelledExamples,
    model: ImageClassifier,
    workers: Workers = ALONE,
    range_hint: str = "",
) -> tuple[LabelledExamples, int]:
    """Gives the model the weights of the best step; the examples with its features then, and that step.

    InputError, with the hint, where it diverges.
    """
    config, of_train = plan.config, examples.split("train")
    recipe = recipe_for(config, examples, trained_weights(model))
    _log_recipe(recipe, examples.decoding.antialias)
    _check_part(recipe.pixels, workers)
    trained = model_to_train(config, model) if workers.strategy is None else _mirrored(plan, model, workers)
    estimator = pixel_estimator(trained, str(plan.run), recipe.pixels, examples.task_weights, workers)
    part = workers.part(recipe.pixels.batch_size)
    training = PixelTraining(
        estimator,
        recipe.pixels,
        plan.metric,
        train=train_batches(
            of_train, model.image_size, recipe.pixels, recipe.augmentation, part and part.rows
        ),
        validation=_validation(examples, model),
        calibrate=config.head.calibrate,
        range_hint=range_hint,
    )
    with images_that_stay(examples.files, examples.decoding):
        if recipe.augmentation.changes_images and workers.is_chief:
            _write_augmented(plan, of_train, model, recipe)
        training.run()
    if trained is not model:
        model.take_weights(trained)
    workers.leave()
    if config.pixels.fine_tune and workers.is_chief:
        examples = pass_again(model.base, examples, config.module.feature_engine)
    return examples, estimator.global_step


def _write_augmented(
    plan: TrainPlan, of_train: LabelledExamples, model: ImageClassifier, recipe: Recipe
) -> None:
    page = plan.run.file(AUGMENTED_PAGE)
    write_augmented_page(page, of_train, model.image_size, recipe.augmentation, recipe.pixels.seed)


def _log_recipe(recipe: Recipe, antialias: bool) -> None:
    what = "Fine-tuning" if recipe.pixels.fine_tune else "Head on augmented images"
    logging.info("%s: %s.", what, described(recipe.pixels, recipe.augmentation.augment, antialias))


def recipe_for(config: Config, examples: LabelledExamples, num_weights: int) -> Recipe:
    """What the user said, and where he said nothing the recipe for these examples and so many weights."""
    counts = examples.table["split"].value_counts()
    classes = max(head.num_classes for head in examples.heads.values())
    level = config.augmentation.augment or ("auto" if config.pixels.fine_tune else "none")
    if level == "auto":
        level = augmentation_level(counts["train"], classes)
    rate = head_rate(examples.features)
    of_split = int(counts["train"]), int(counts.get("validation", 0))
    pixels = filled(config.pixels, *of_split, rate, num_weights)
    return Recipe(pixels, filled_augmentation(config.augmentation, level))


def trained_weights(model: ImageClassifier) -> int:
    """How many of the base are trained."""
    variables = feature_variables(model.base, model.trained_base_variables)
    return sum(math.prod(variable.shape) for variable in variables)


def model_to_train(config: Config, model: ImageClassifier) -> ImageClassifier:
    """The model, or one with the same weights that computes in bfloat16."""
    return in_bfloat16(config.module, model) if config.pixels.mixed_precision else model


def _mirrored(plan: TrainPlan, model: ImageClassifier, workers: Workers) -> ImageClassifier:
    """One with the chief's weights, of which each device has a copy, in the form that is to be trained."""
    with workers.scope():
        base = loaded_base(plan.config.module, plan.source).module
        mirrored = model_to_train(plan.config, model.with_base(base))
    workers.take_chiefs(mirrored.variables)
    return mirrored


def _check_part(pixels: PixelSettings, workers: Workers) -> None:
    if pixels.batch_size < workers.replicas:
        raise InputError(
            f"--batch_size={pixels.batch_size} is shared out among {workers.replicas} devices, of which each "
            f"needs an image: give a larger one."
        )


def _validation(examples: LabelledExamples, model: ImageClassifier):
    held_out = examples.split("validation")
    if not len(held_out):
        return None
    batches = validation_batches(held_out, model.image_size)
    return lambda: batches


PLOT = "learning_rates.png"
SHOWN = 12  # lines of the curve


def find_learning_rate(plan: TrainPlan, examples: LabelledExamples, model: ImageClassifier) -> None:
    """Prints the curve and the rate it suggests; the model is of no use afterwards."""
    config, model = plan.config, model_to_train(plan.config, model)
    recipe = recipe_for(config, examples, trained_weights(model))
    batches = train_batches(examples.split("train"), model.image_size, recipe.pixels, recipe.augmentation)
    curve = learning_rate_curve(model, recipe.pixels, examples.task_weights, batches(first_step=0))
    plot = plan.run.file(PLOT)
    write_learning_rate_plot(plot, curve)
    say("learning rate      loss  smoothed")
    for at in np.unique(np.linspace(0, len(curve.rates) - 1, SHOWN).astype(int)):
        say(f"{curve.rates[at]:13.2e}  {curve.losses[at]:8.4g}  {curve.smoothed[at]:8.4g}")
    say(f"The curve is in {plot}.")
    say(f"Suggestion: --learning_rate={curve.suggestion:.2g}")
