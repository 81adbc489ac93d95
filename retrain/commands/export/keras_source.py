"""The Keras model that a run's classifier was made of, with the weights that the classifier has by now.

An export holds what the model computes, and its layers no longer: those are where its source is, if it still
is there.
"""

import numpy as np
import tensorflow as tf

from retrain.commands.train.base import base_before
from retrain.errors import InputError
from retrain.model import ImageClassifier
from retrain.modules.image_module import ImageModule
from retrain.modules.sources.source import source_of
from retrain.runs.run import Run
from retrain.settings.config import from_flags

IMAGES, TOLERANCE = 2, 1e-4  # of the largest feature


def on_its_source(classifier: ImageClassifier, run: Run) -> ImageClassifier:
    """The classifier on the Keras model of its run; itself where there is none that gives the same."""
    try:
        if not source_of(from_flags(run.flags).module.tfhub_module).is_keras:
            return classifier
        base = base_before(run)
    except InputError:
        return classifier
    if not _has_taken_weights(base, classifier.base):
        return classifier
    other = ImageClassifier(
        base, classifier.heads, decoding=classifier.decoding, familiarity=classifier.familiarity
    )
    for mine, its in zip(other.head_variables, classifier.head_variables, strict=True):
        mine.assign(its)
    return other


def _has_taken_weights(base: ImageModule, exported: ImageModule) -> bool:
    """Whether those of the export, which its head's variables follow, make the module compute the same."""
    pairs = [*zip(base.variables, exported.variables, strict=False)]
    if len(pairs) < len(base.variables) or any(mine.shape != its.shape for mine, its in pairs):
        return False
    for mine, its in pairs:
        mine.assign(its)
    images = tf.random.stateless_uniform([IMAGES, *base.image_size, 3], (0, 0))
    expected = exported(images).numpy()
    return bool(np.abs(base(images) - expected).max() <= TOLERANCE * np.abs(expected).max())
