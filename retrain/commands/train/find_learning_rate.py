"""`--find_learning_rate`: a ramp of learning rates instead of a training; tells and plots which to use."""

import numpy as np

from retrain.commands.train.check import TrainPlan
from retrain.commands.train.pixels import model_to_train, recipe_for
from retrain.examples.image_batches import train_batches
from retrain.examples.labelled import LabelledExamples
from retrain.model import ImageClassifier
from retrain.report.learning_rate_plot import write_learning_rate_plot
from retrain.training.learning_rate_finder import learning_rate_curve

PLOT = "learning_rates.png"
SHOWN = 12  # lines of the curve


def find_learning_rate(plan: TrainPlan, examples: LabelledExamples, model: ImageClassifier) -> None:
    """Prints the curve and the rate it suggests; the model is of no use afterwards."""
    config, model = plan.config, model_to_train(plan.config, model)
    recipe = recipe_for(config, examples)
    batches = train_batches(examples.split("train"), model.image_size, recipe.pixels, recipe.augmentation)
    curve = learning_rate_curve(model, recipe.pixels, examples.task_weights, batches(first_step=0))
    plot = plan.run.file(PLOT)
    write_learning_rate_plot(plot, curve)
    print("learning rate      loss  smoothed")
    for at in np.unique(np.linspace(0, len(curve.rates) - 1, SHOWN).astype(int)):
        print(f"{curve.rates[at]:13.2e}  {curve.losses[at]:8.4g}  {curve.smoothed[at]:8.4g}")
    print(f"The curve is in {plot}.")
    print(f"Suggestion: --learning_rate={curve.suggestion:.2g}")
