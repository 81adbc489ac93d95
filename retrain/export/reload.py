"""An exported classifier, read again: the module, and the heads that know its labels."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from retrain.export.assets import (
    check_is_classifier,
    described_background,
    described_tasks,
    described_threshold,
)
from retrain.export.documents import read_heads
from retrain.familiarity import FAMILIARITY
from retrain.heads.head import Head
from retrain.modules.image_module import ImageModule, check_has_signature
from retrain.modules.loading import load_module
from retrain.modules.signatures import (
    DEFAULT_OUTPUT,
    IMAGE_CLASSIFICATION,
    SERVING_SIGNATURE,
    image_signature,
    task_signature,
)
from retrain.modules.sources.source import DEFAULTS, source_of
from retrain.settings.data import WHITE
from retrain.settings.module import ModuleSettings


class ExportedClassifier(NamedTuple):
    """A module that serves probabilities of all tasks, the heads that they are of, by task, and which
    signature gives a head's logits.

    `background` is the colour behind pixels that are not opaque. Below the `threshold` of familiarity an
    image is like none that it knows; None where it tells no familiarity.
    """

    module: ImageModule
    heads: Mapping[str, Head]
    signatures: Mapping[str, str]
    background: str = WHITE
    threshold: float | None = None

    @property
    def primary_head(self) -> Head:
        return next(iter(self.heads.values()))


class ServedProbabilities(ImageModule):
    """What a classifier serves as one output: the probabilities of all tasks, side by side, then familiarity.

    So images pass through it once, however many tasks there are.
    """

    def __init__(self, classifier: ExportedClassifier):
        module = classifier.module
        sizes = {task: head.num_classes for task, head in classifier.heads.items()}
        self.tells_familiarity = classifier.threshold is not None
        length = sum(sizes.values()) + self.tells_familiarity
        outputs = {DEFAULT_OUTPUT: tf.TensorSpec([None, length], tf.float32)}
        signatures = {SERVING_SIGNATURE: image_signature(module.image_size, outputs)}
        super().__init__(module.handle, module.fingerprint, signatures, module.image_size)
        self.module = module
        self._sizes = MappingProxyType(sizes)

    @property
    def variables(self) -> Sequence[tf.Variable]:
        return self.module.variables

    def outputs(self, images: tf.Tensor, signature: str, training: bool = False) -> dict[str, tf.Tensor]:
        served = self.module.outputs(images, signature, training)
        tasks = self._sizes if len(self._sizes) > 1 else [DEFAULT_OUTPUT]
        columns = [served[task] for task in tasks]
        if self.tells_familiarity:
            columns.append(served[FAMILIARITY][:, None])
        return {DEFAULT_OUTPUT: tf.concat(columns, axis=-1)}

    def by_task(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Rows of the output -> the probabilities of each task, [N, C]."""
        ends = np.cumsum(list(self._sizes.values()))
        return dict(zip(self._sizes, np.split(rows, ends, axis=1)[:-1], strict=True))

    def familiarity(self, rows: np.ndarray) -> np.ndarray | None:
        """Rows of the output -> familiarity [N], where the classifier tells it."""
        return rows[:, -1] if self.tells_familiarity else None


def load_classifier(handle: str, settings: ModuleSettings = DEFAULTS) -> ExportedClassifier:
    """Loads what a run exported; InputError when the module does not say what its classes are."""
    directory = source_of(handle).fetched().files or ""
    check_is_classifier(directory, handle)
    heads = read_heads(directory)
    module = load_module(handle, settings, IMAGE_CLASSIFICATION)
    check_has_signature(handle, module.signatures, SERVING_SIGNATURE)
    signatures = {
        task: of.signature or task_signature(task, primary=not position)
        for position, (task, of) in enumerate(described_tasks(directory).items())
    }
    return ExportedClassifier(
        module,
        heads,
        signatures,
        background=described_background(directory),
        threshold=described_threshold(directory),
    )
