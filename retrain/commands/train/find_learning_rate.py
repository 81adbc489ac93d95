"""`--find_learning_rate`: a ramp of learning rates instead of a training; tells and plots which to use."""

import os

import numpy as np
import pandas as pd
import tensorflow as tf

from retrain.commands.task_flags import task_weights
from retrain.commands.train.fine_tuning import optimizer_of, penalties, recipe_for, train_input
from retrain.commands.train.mixed_precision import trained_model
from retrain.errors import InputError
from retrain.features.stored import Features
from retrain.model import ImageClassifier
from retrain.report.learning_rate_plot import write_learning_rate_plot
from retrain.settings.config import Config
from retrain.training.learning_rate_finder import STEPS, ExponentialRamp, learning_rate_curve
from retrain.training.training_loop import TrainingLoop

PLOT = "learning_rates.png"
SHOWN = 12  # lines of the curve


def find_learning_rate(
    config: Config,
    run: str,
    image_dir: str,
    examples: pd.DataFrame,
    features: Features,
    model: ImageClassifier,
) -> None:
    """Prints the curve and the rate it suggests; the model is of no use afterwards."""
    recipe = recipe_for(config, examples, features, model)
    trained = trained_model(config, model)
    optimizer = optimizer_of(config, recipe, trained, ExponentialRamp())
    loop = TrainingLoop(
        *(trained, optimizer, tf.distribute.get_strategy(), config.seed, recipe.label_smoothing),
        *(penalties(config), task_weights(config, model.heads)),
    )
    batches = train_input(config, image_dir, examples, trained, recipe)(first_step=0)
    readings = loop.readings(loop.batches(batches), STEPS, every=[1])
    curve = learning_rate_curve(reading.loss for reading in readings)
    if not len(curve.losses):
        raise InputError(
            f"The loss of the first step is no number, even at the learning rate {curve.suggestion:g}: the "
            f"module, or an image, gives none."
        )
    plot = os.path.join(run, PLOT)
    write_learning_rate_plot(plot, curve)
    print("learning rate      loss  smoothed")
    for at in np.unique(np.linspace(0, len(curve.rates) - 1, SHOWN).astype(int)):
        print(f"{curve.rates[at]:13.2e}  {curve.losses[at]:8.4g}  {curve.smoothed[at]:8.4g}")
    print(f"The curve is in {plot}.")
    print(f"Suggestion: --learning_rate={curve.suggestion:.2g}")
