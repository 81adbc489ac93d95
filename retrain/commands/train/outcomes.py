"""From a trained model and its features to an outcome: what it takes to predict is decided on validation."""

import numpy as np
import tensorflow as tf

from retrain.data.listing import SPLITS
from retrain.examples.labelled import LabelledExamples
from retrain.features.stored import Features, blocks
from retrain.head_search.decisions import decide_task
from retrain.model import ImageClassifier
from retrain.report.outcome import Outcome, figures_by_split
from retrain.training.evaluation import ByTask


def outcome_of(
    model: ImageClassifier, examples: LabelledExamples, calibrate: bool
) -> tuple[ImageClassifier, Outcome]:
    """The model with its heads as they predict, and figures of the splits that were not trained on."""
    logits = _logits(model, examples.features)
    held_out = np.flatnonzero(examples.table["split"] == "validation")
    decided = {
        name: decide_task(name, task.head, task.labels[held_out], logits[name][held_out], calibrate)
        for name, task in examples.tasks.items()
    }
    model = model.with_heads({name: of_task.head for name, of_task in decided.items()})
    probabilities = {
        name: head.probabilities(tf.constant(logits[name])).numpy() for name, head in model.heads.items()
    }
    return model, Outcome(
        examples,
        model.heads,
        probabilities,
        figures_by_split(examples, model.heads, probabilities, SPLITS[1:]),
        {name: of_task.decisions for name, of_task in decided.items()},
    )


def _logits(model: ImageClassifier, features: Features) -> ByTask:
    parts = [model.logits(tf.constant(block)) for block in blocks(features)]
    return {task: np.concatenate([part[task].numpy() for part in parts]) for task in model.heads}
