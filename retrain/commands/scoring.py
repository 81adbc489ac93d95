"""What scores images: one pass through a module, and the heads that know what its rows mean.

Of an exported classifier, which says itself what its classes are, or of any module that classifies images, by
the classes that its publisher gave it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from retrain.commands.checks import Published
from retrain.commands.module_check import label_map_of
from retrain.data.label_map import check_label_count
from retrain.data.listing import TASK
from retrain.exporters.assets import module_decoding
from retrain.exporters.reload import SideBySide, load_classifier
from retrain.heads.head import Head
from retrain.heads.softmax import PublishedHead
from retrain.modules.image_module import ImageModule
from retrain.modules.loading import load_module
from retrain.modules.publisher_scores import squashing_of
from retrain.modules.signatures import IMAGE_CLASSIFICATION, IMAGE_FEATURE_VECTOR
from retrain.settings.data import AS_USUAL, Decoding
from retrain.settings.module import ModuleSettings


class Scoring(NamedTuple):
    """A signature of a module, whose rows [N, F] become the probabilities [N, C] of each head, in order.

    Attributes:
      logits: the same of logits; none where a module may give probabilities for logits.
      decoding: how files become images, but for how large they may be.
      familiarity: the same of that, [N], or None where nothing tells it; below `threshold` an image is like
        none that the module knows.
    """

    module: ImageModule
    signature: str
    heads: Mapping[str, Head]
    probabilities: Callable[[np.ndarray], Sequence[np.ndarray]]
    decoding: Decoding = AS_USUAL
    logits: Callable[[np.ndarray], Sequence[np.ndarray]] = lambda rows: []
    familiarity: Callable[[np.ndarray], np.ndarray | None] = lambda rows: None
    threshold: float | None = None

    def by_task(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """The probabilities of each task."""
        return dict(zip(self.heads, self.probabilities(rows), strict=True))

    def logits_by_task(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """The logits of each task; of none where there are none."""
        return dict(zip(self.heads, self.logits(rows), strict=False))

    def unfamiliar(self, rows: np.ndarray) -> np.ndarray:
        """Which of the images are like none that the module knows, bool [N]; none where nothing tells."""
        if self.threshold is None:
            return np.zeros(len(rows), bool)
        return self.familiarity(rows) < self.threshold


def load_scoring(settings: ModuleSettings, published: Published | None) -> Scoring:
    """Loads the module; InputError when it does not say what its classes are, and nothing else does."""
    return _exported(settings) if published is None else _published(settings, published)


def load_features(settings: ModuleSettings) -> Scoring:
    """Loads a module for its features, which no head scores."""
    module = load_module(settings.tfhub_module, settings)
    decoding = module_decoding(settings.tfhub_module, settings)
    return Scoring(module, IMAGE_FEATURE_VECTOR, {}, lambda rows: [], decoding)


def _exported(settings: ModuleSettings) -> Scoring:
    classifier = load_classifier(settings.tfhub_module, settings)
    module = SideBySide(classifier)

    def probabilities(rows: np.ndarray) -> list[np.ndarray]:
        logits = module.by_task(rows).items()
        return [
            classifier.heads[task].probabilities(tf.constant(of_task)).numpy() for task, of_task in logits
        ]

    return Scoring(
        module,
        IMAGE_CLASSIFICATION,
        classifier.heads,
        probabilities,
        classifier.decoding,
        logits=lambda rows: [*module.by_task(rows).values()],
        familiarity=module.familiarity,
        threshold=classifier.familiarity and classifier.familiarity.threshold,
    )


def _published(settings: ModuleSettings, published: Published) -> Scoring:
    module = load_module(settings.tfhub_module, settings, IMAGE_CLASSIFICATION)
    count = module.num_outputs(IMAGE_CLASSIFICATION)
    check_label_count(label_map_of(settings), published.class_names, count, module.handle, of_two=1)
    head = PublishedHead(published.class_names, published.indices, squashing_of(module))
    return Scoring(
        module,
        IMAGE_CLASSIFICATION,
        {TASK: head},
        lambda logits: [head.probabilities(tf.constant(logits)).numpy()],
    )
