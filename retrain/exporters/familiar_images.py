"""The familiarity that an export tells of images: made of those it was trained on, calibrated on others.

Where enough images are held out for validation, on those: their nearness to the features of training, and
what the heads make of them. Else on the images of training, each beside others, by nearness alone, for the
heads have seen them; of a module that was fine-tuned on them, their features say nothing either.
"""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from absl import logging

from retrain.examples.labelled import LabelledExamples
from retrain.familiarity import (
    COUNTS_AS,
    FAMILIARITY,
    FEWEST,
    MOST_ROWS,
    Familiarity,
    calibrated,
    nearness,
    sketch_of,
)
from retrain.model import ImageClassifier

FOLDS = 5


def with_familiarity(model: ImageClassifier, examples: LabelledExamples, seed: int) -> ImageClassifier:
    """The classifier that tells it, or, where it cannot be known, as it is; a line says which.

    `examples` have the features of its base as it is now.
    """
    random = np.random.default_rng(seed)
    train, held_out = (_some(examples.split(split), random) for split in ("train", "validation"))
    reason = _why_not(model, train, held_out)
    if reason:
        logging.info("The classifier will not tell how familiar images are: %s.", reason)
        return model
    features = np.asarray(train.features)
    sketch = sketch_of(features, seed)
    if len(held_out) >= FEWEST:
        known = tf.constant(np.asarray(held_out.features))
        near, evidence = nearness(known, sketch), model.evidence(model.logits(known))
        found = calibrated(sketch, near.numpy(), {task: of.numpy() for task, of in evidence.items()})
    else:
        found = calibrated(sketch, _nearness_to_others(features, train.groups, seed), {})
    logging.info("%s", _described(found, len(held_out)))
    return model.with_familiarity(found)


def familiarity_of_others(model: ImageClassifier, examples: LabelledExamples) -> np.ndarray | None:
    """Float32 [N]: how familiar the images are that are not of training; nan for these, by which it goes.

    None where the classifier does not tell it, or all images are of training.
    """
    others = np.flatnonzero(examples.table["split"] != "train")
    if model.familiarity is None or not len(others):
        return None
    familiarity = np.full(len(examples), np.nan, np.float32)
    for start in range(0, len(others), MOST_ROWS):
        rows = others[start : start + MOST_ROWS]
        features = tf.constant(examples.features[rows])
        familiarity[rows] = model.served(features, model.logits(features))[FAMILIARITY]
    return familiarity


def _some(examples: LabelledExamples, random: np.random.Generator) -> LabelledExamples:
    """As many as suffice, at random."""
    if len(examples) <= MOST_ROWS:
        return examples
    return examples.rows(np.sort(random.choice(len(examples), MOST_ROWS, replace=False)))


def _why_not(model: ImageClassifier, train: LabelledExamples, held_out: LabelledExamples) -> str:
    """Why familiarity cannot be told; empty where it can."""
    if FAMILIARITY in model.heads:
        return f"a task is called {FAMILIARITY!r}, as the output would be"
    if len(held_out) >= FEWEST or (len(train) >= FEWEST and not model.train_base):
        return ""
    takes, count = f"that takes {FEWEST} images", len(held_out)
    if model.train_base:
        return f"{takes} that the module has not seen, and {count} are held out"
    return f"{takes} of training or of validation, and there are {len(train)} and {count}"


def _nearness_to_others(features: np.ndarray, groups: Sequence[str], seed: int) -> np.ndarray:
    """Float32 [N]: of each row to a sketch of others, none of its group (Vovk 2015)."""
    names, group_of = np.unique(groups, return_inverse=True)
    fold_of = np.random.default_rng(seed).permutation(len(names))[group_of] % FOLDS
    near = np.zeros(len(features), np.float32)
    for fold in np.unique(fold_of):
        sketch = sketch_of(features[fold_of != fold], seed)
        near[fold_of == fold] = nearness(tf.constant(features[fold_of == fold]), sketch).numpy()
    return near


def _described(found: Familiarity, held_out: int) -> str:
    """What it is, in words."""
    by = " and ".join(["features", *(f"the logits of {task!r}" for task in found.evidence)])
    known, others = "validation images", "those trained on"
    if held_out < FEWEST:
        known, others = f"training images (for fewer than {FEWEST} are held out)", "the others"
    return (
        f"Familiarity of an image is the share of the {found.both.count} {known} that are no more like "
        f"{others} than it is, by {by}; {COUNTS_AS}."
    )
