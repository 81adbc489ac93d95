"""An exported classifier, read again: the module, and the heads that know its labels."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from retrain.exporters import Answers
from retrain.exporters.assets import (
    DescribedFamiliarity,
    check_is_classifier,
    described_decoding,
    described_familiarity,
    described_tasks,
)
from retrain.exporters.documents import read_heads
from retrain.familiarity import FAMILIARITY
from retrain.heads.head import Head
from retrain.modules.image_module import ImageModule, check_has_signature
from retrain.modules.loading import load_module
from retrain.modules.publisher_head import find_publisher_head
from retrain.modules.signatures import (
    DEFAULT_OUTPUT,
    IMAGE_CLASSIFICATION,
    SERVING_SIGNATURE,
    image_signature,
    task_signature,
)
from retrain.modules.sources.source import DEFAULTS, source_of
from retrain.settings.data import AS_USUAL, Decoding
from retrain.settings.module import ModuleSettings


class ExportedClassifier(NamedTuple):
    """A module that serves probabilities of all tasks, the heads that they are of, by task, and which
    signature gives a head's logits.

    `decoding` is how files became the images that it was trained on, `familiarity` what is said of that,
    where the classifier tells it.
    """

    module: ImageModule
    heads: Mapping[str, Head]
    signatures: Mapping[str, str]
    decoding: Decoding = AS_USUAL
    familiarity: DescribedFamiliarity | None = None

    @property
    def primary_head(self) -> Head:
        return next(iter(self.heads.values()))


class SideBySide(ImageModule):
    """What a classifier gives as one output: the logits of all tasks, side by side, and familiarity last.

    So images pass through it once, however many tasks there are, where it tells familiarity, or the layers
    that make the logits of features are found in the module.
    """

    def __init__(self, classifier: ExportedClassifier):
        module = classifier.module
        sizes = {task: head.num_classes for task, head in classifier.heads.items()}
        self._familiarity = classifier.familiarity and classifier.familiarity.signature
        length = sum(sizes.values()) + bool(self._familiarity)
        outputs = {DEFAULT_OUTPUT: tf.TensorSpec([None, length], tf.float32)}
        signatures = {IMAGE_CLASSIFICATION: image_signature(module.image_size, outputs)}
        super().__init__(module.handle, module.fingerprint, signatures, module.image_size)
        self.module = module
        # Closures: tf.Module would track what they hold.
        self._sizes = MappingProxyType(sizes)
        names = [classifier.signatures[task] for task in sizes]
        heads = [find_publisher_head(module, name) for name in names] if len(names) > 1 else [None]
        self._names = lambda: names
        self._heads = lambda: heads

    @property
    def variables(self) -> Sequence[tf.Variable]:
        return self.module.variables

    def outputs(self, images: tf.Tensor, signature: str, training: bool = False) -> dict[str, tf.Tensor]:
        if self._familiarity:
            found = self.module.outputs(images, self._familiarity, training)
            logits = [found[DEFAULT_OUTPUT], found[FAMILIARITY][:, None]]
        elif None in self._heads():
            logits = [self.module.output(images, name, training) for name in self._names()]
        else:
            features = self.module(images, training)
            logits = [features @ head.kernel + head.bias for head in self._heads()]
        return {DEFAULT_OUTPUT: tf.concat(logits, axis=-1)}

    def by_task(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Rows of the output -> the logits of each task, [N, C]."""
        ends = np.cumsum(list(self._sizes.values()))
        return dict(zip(self._sizes, np.split(rows, ends, axis=1)[:-1], strict=True))

    def familiarity(self, rows: np.ndarray) -> np.ndarray | None:
        """Rows of the output -> familiarity [N], where the classifier tells it."""
        return rows[:, -1] if self._familiarity else None


def read(directory: str) -> Answers:
    """What is served of images by the export in this directory, which is a module again."""
    module = load_module(directory)

    def answers(images: np.ndarray) -> dict[str, np.ndarray]:
        outputs = module.outputs(tf.constant(images), SERVING_SIGNATURE)
        return {key: values.numpy() for key, values in outputs.items()}

    return answers


def load_classifier(handle: str, settings: ModuleSettings = DEFAULTS) -> ExportedClassifier:
    """Loads what a run exported; InputError when the module does not say what its classes are."""
    directory = source_of(handle).fetched(settings).files or ""
    check_is_classifier(directory, handle)
    heads = read_heads(directory)
    module = load_module(handle, settings, IMAGE_CLASSIFICATION)
    check_has_signature(handle, module.signatures, SERVING_SIGNATURE)
    signatures = {
        task: of.signature or task_signature(task, primary=not position)
        for position, (task, of) in enumerate(described_tasks(directory).items())
    }
    decoding, familiarity = described_decoding(directory), described_familiarity(directory)
    return ExportedClassifier(module, heads, signatures, decoding, familiarity)
