"""The classifier: the best heads of a frozen module, the model that begins with them, the outcome it has."""

import functools
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from retrain.commands.train.prepare import Prepared
from retrain.data.listing import SPLITS
from retrain.evidence.heat_maps import Evidence
from retrain.examples.labelled import LabelledExamples
from retrain.features.stored import Features, blocks
from retrain.head_search.decisions import decide_task
from retrain.head_search.search import BestHead, search_tasks
from retrain.heads.computed_rows import Rows, computed
from retrain.model import ImageClassifier
from retrain.report.outcome import Outcome, figures_by_split
from retrain.settings.config import Config
from retrain.settings.head import HeadSettings
from retrain.settings.training import TrainingSettings


def best_heads(settings: HeadSettings, prepared: Prepared) -> dict[str, BestHead]:
    """By task, on the features of the module as it is."""
    return search_tasks(settings, prepared.examples, prepared.starts)


def classifier(config: Config, prepared: Prepared, best: Mapping[str, BestHead]) -> ImageClassifier:
    """The model that begins with these heads, to be trained as the settings of pixels say."""
    training: TrainingSettings = config.pixels if config.trains_on_images else config.head
    model = ImageClassifier(
        prepared.module,
        {task: found.head for task, found in best.items()},
        training.dropout_rate,
        train_base=config.pixels.fine_tune,
        fine_tune_from=config.pixels.fine_tune_from,
        freeze_batch_norm=config.pixels.freeze_batch_norm,
        decoding=prepared.examples.decoding,
    )
    for task, found in best.items():
        model.kernels[task].assign(found.kernel)
        model.biases[task].assign(found.bias)
    return model


def histories(best: Mapping[str, BestHead]) -> dict[int, dict[str, float]]:
    """Losses by step, with the task in their name where there are several."""
    by_step: dict[int, dict[str, float]] = {}
    for task, found in best.items():
        suffix = f"/{task}" if len(best) > 1 else ""
        for step, losses in found.history.items():
            by_step.setdefault(step, {}).update({key + suffix: loss for key, loss in losses.items()})
    return by_step


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
        name: task.head.kept(task.labels, model.heads[name].probabilities_of(logits[name]))
        for name, task in examples.tasks.items()
    }
    return model, Outcome(
        examples,
        model.heads,
        probabilities,
        figures_by_split(examples, model.heads, probabilities, SPLITS[1:], logits),
        {name: of_task.decisions for name, of_task in decided.items()},
        logits=logits,
    )


def evidence_of(model: ImageClassifier, examples: LabelledExamples) -> Evidence:
    """What makes heat maps of the model's predictions."""

    @tf.function(reduce_retracing=True)
    def probabilities(images: tf.Tensor) -> dict[str, tf.Tensor]:
        logits = model.logits(model.base(images))
        return {task: head.probabilities(logits[task]) for task, head in model.heads.items()}

    return Evidence(
        examples,
        model.image_size,
        lambda images: {task: of.numpy() for task, of in probabilities(tf.constant(images)).items()},
        {task: head.class_names for task, head in model.heads.items()},
    )


def _logits(model: ImageClassifier, features: Features) -> dict[str, Rows]:
    def of(task: str, at: np.ndarray) -> np.ndarray:
        return np.concatenate([model.logits_of(task, block).numpy() for block in blocks(features[at])])

    return {
        task: computed(functools.partial(of, task), len(features), head.num_classes)
        for task, head in model.heads.items()
    }
