"""The image classifier: a base module, consumer-side dropout, and for each task a dense layer and its head.

Images are float32 [B, H, W, 3] in [0, 1]; features float32 [B, F]; logits float32 [B, C] by task. The
classifier is an image module, too: `image_classification` is the first task's logits,
`image_classification/TASK` another's, features the base's.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import tensorflow as tf

from retrain.errors import InputError
from retrain.familiarity import FAMILIARITY, Familiarity
from retrain.heads.head import Head
from retrain.heads.softmax import SoftmaxHead
from retrain.modules.image_module import ImageModule
from retrain.modules.signatures import (
    DEFAULT_OUTPUT,
    IMAGE_FEATURE_VECTOR,
    SERVING_SIGNATURE,
    Signature,
    image_signature,
    task_signature,
)
from retrain.modules.traced_module import TracedModule
from retrain.plain_name import plain_name
from retrain.settings.data import AS_USUAL, Decoding

IMAGES, FEATURES = "images", "features"
# Beside the signatures of tasks, which a program that reads modules finds by how they begin.
LOGITS_AND_FAMILIARITY = task_signature(FAMILIARITY, primary=False)
SHOWN_NAMES = 8

Seed = tuple[tf.Tensor | int, tf.Tensor | int]


class ImageClassifier(ImageModule):
    """A retrained module.

    ImageClassifier(retrain.load_module("builtin:"), {"kind": ["cat", "dog"]})

    Attributes:
      base: the image module whose features the heads read.
      heads: task -> Head, in order; the first is the primary task. The names of classes make a softmax head.
      kernels, biases: task -> variables [F, C] and [C], zeros at first: every class is equally probable.
      train_base: whether training also changes the base (fine-tuning) or leaves it as it is (frozen).
      fine_tune_from: of a trained base, only the variables from the first one on whose name matches this
        regular expression are trained, in the order of the module.
      freeze_batch_norm: whether a trained base computes as in inference, with the statistics that it has.
      decoding: how files became the images that it was trained on.
      familiarity: what tells known images from strangers, which is served beside the probabilities; or None.
    """

    def __init__(
        self,
        base: ImageModule,
        heads: Mapping[str, Head | Sequence[str]],
        dropout_rate: float = 0.0,
        train_base: bool = False,
        fine_tune_from: re.Pattern[str] | None = None,
        freeze_batch_norm: bool = False,
        decoding: Decoding = AS_USUAL,
        familiarity: Familiarity | None = None,
    ):
        _check_base(base)
        heads = _heads(heads)
        signatures = _signatures(base, heads, familiarity is not None)
        super().__init__(base.handle, base.fingerprint, signatures, base.image_size)
        self.base = base
        # A proxy, because tf.Module would track a plain dict, and a head is nothing to save.
        self.heads = MappingProxyType(heads)
        self.dropout_rate = dropout_rate
        self.train_base = train_base
        self.fine_tune_from = fine_tune_from
        self.freeze_batch_norm = freeze_batch_norm
        self.decoding = decoding
        self.familiarity = familiarity
        size = base.num_features
        self.kernels = {
            task: _zeros([size, head.num_classes], f"{plain_name(task)}/kernel")
            for task, head in self.heads.items()
        }
        self.biases = {
            task: _zeros([head.num_classes], f"{plain_name(task)}/bias") for task, head in self.heads.items()
        }

    def with_heads(self, heads: Mapping[str, Head]) -> "ImageClassifier":
        """The classifier with the same weights, and heads for the same classes."""
        return self._with(self.base, heads, self.familiarity)

    def with_familiarity(self, familiarity: Familiarity) -> "ImageClassifier":
        """The classifier with the same weights, which serves it, too."""
        return self._with(self.base, self.heads, familiarity)

    def with_base(self, base: ImageModule) -> "ImageClassifier":
        """The classifier with the same weights in another module with the same variables."""
        other = self._with(base, self.heads, self.familiarity)
        other.take_weights(self)
        return other

    def traced(self) -> "ImageClassifier":
        """The classifier with the same weights, whose base is traced once, whatever is made of it."""
        return self._with(TracedModule(self.base), self.heads, self.familiarity)

    def take_weights(self, other: "ImageClassifier") -> None:
        """Assigns those of a classifier that has the same variables."""
        for mine, its in zip(self.variables, other.variables, strict=True):
            mine.assign(its)

    def _with(
        self, base: ImageModule, heads: Mapping[str, Head], familiarity: Familiarity | None
    ) -> "ImageClassifier":
        other = ImageClassifier(
            base,
            heads,
            self.dropout_rate,
            train_base=self.train_base,
            fine_tune_from=self.fine_tune_from,
            freeze_batch_norm=self.freeze_batch_norm,
            decoding=self.decoding,
            familiarity=familiarity,
        )
        for mine, its in zip(self.head_variables, other.head_variables, strict=True):
            its.assign(mine)
        return other

    @property
    def primary_task(self) -> str:
        return next(iter(self.heads))

    @property
    def task_signatures(self) -> dict[str, str]:
        """The signature of each task's logits -> the task."""
        return {task_signature(task, task == self.primary_task): task for task in self.heads}

    @property
    def head_variables(self) -> list[tf.Variable]:
        return [*self.kernels.values(), *self.biases.values()]

    @property
    def variables(self) -> Sequence[tf.Variable]:
        return [*self.base.variables, *self.head_variables]

    @property
    def trained_base_variables(self) -> Sequence[tf.Variable]:
        """Those of the base that training changes by gradients."""
        if not self.train_base:
            return ()
        variables = self.base.trainable_variables
        return variables if self.fine_tune_from is None else variables_from(variables, self.fine_tune_from)

    @property
    def trainable_variables(self) -> Sequence[tf.Variable]:
        return [*self.trained_base_variables, *self.head_variables]

    @property
    def regularization_losses(self) -> Sequence[Callable[[], tf.Tensor]]:
        return self.base.regularization_losses if self.train_base else ()

    def outputs(self, images: tf.Tensor, signature: str, training: bool = False) -> dict[str, tf.Tensor]:
        return self.outputs_from(self.base(images, training), signature)

    def outputs_from(self, features: tf.Tensor, signature: str) -> dict[str, tf.Tensor]:
        """What a signature gives for images with these features."""
        if signature == IMAGE_FEATURE_VECTOR:
            return {DEFAULT_OUTPUT: features}
        if signature == SERVING_SIGNATURE:
            return self.served(features, self.logits(features))
        if signature == LOGITS_AND_FAMILIARITY:
            return self.logits_and_familiarity(features, self.logits(features))
        # Alone: whatever else a signature computes is traced, written and read for each of fifty tasks.
        return {DEFAULT_OUTPUT: self.logits_of(self.task_signatures[signature], features)}

    def features(self, inputs: Mapping[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        """The features in `inputs`, or those of its images; a frozen base never sees `training`."""
        if FEATURES in inputs:
            return inputs[FEATURES]
        training = training and self.train_base and not self.freeze_batch_norm
        return self.base(inputs[IMAGES], training=training)

    def logits(
        self, features: tf.Tensor, dropout_seed: Seed | None = None, first_row: tf.Tensor | int = 0
    ) -> dict[str, tf.Tensor]:
        """Logits by task; with a seed, features are dropped as in training, alike for the same seed.

        What is dropped goes by the row of the batch, of which these are those from `first_row` on.
        """
        if dropout_seed is not None and self.dropout_rate:
            features = drop_features(features, self.dropout_rate, dropout_seed, first_row)
        return {task: self.logits_of(task, features) for task in self.heads}

    def logits_of(self, task: str, features: tf.Tensor) -> tf.Tensor:
        """Features [B, F] -> the logits of one task, [B, C]."""
        return features @ self.kernels[task] + self.biases[task]

    def probabilities(self, logits: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Logits by task -> probabilities by task, or under `default` when there is only one task."""
        by_task = {task: head.probabilities(logits[task]) for task, head in self.heads.items()}
        return by_task if len(by_task) > 1 else {DEFAULT_OUTPUT: by_task[self.primary_task]}

    def evidence(self, logits: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Logits by task -> float32 [B] of the tasks whose heads tell known images from strangers by them."""
        by_task = {task: head.evidence(logits[task]) for task, head in self.heads.items()}
        return {task: evidence for task, evidence in by_task.items() if evidence is not None}

    def served(self, features: tf.Tensor, logits: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """What is served of images with these features and logits, by key: probabilities, familiarity."""
        outputs = self.probabilities(logits)
        if self.familiarity is not None:
            outputs[FAMILIARITY] = self.familiarity(features, self.evidence(logits))
        return outputs

    def logits_and_familiarity(
        self, features: tf.Tensor, logits: Mapping[str, tf.Tensor]
    ) -> dict[str, tf.Tensor]:
        """The logits of all tasks side by side, and familiarity: what scores images in one pass."""
        familiarity = self.familiarity(features, self.evidence(logits))
        return {DEFAULT_OUTPUT: tf.concat([*logits.values()], axis=1), FAMILIARITY: familiarity}


def variables_from(variables: Sequence[tf.Variable], pattern: re.Pattern[str]) -> Sequence[tf.Variable]:
    """The variables from the first one on whose name matches; InputError where none does."""
    for position, variable in enumerate(variables):
        if pattern.search(variable.name):
            return variables[position:]
    names = [variable.name.partition(":")[0] for variable in variables]
    shown = ", ".join(map(repr, names[:: max(1, len(names) // SHOWN_NAMES)])) or "none"
    raise InputError(
        f"--fine_tune_from={pattern.pattern!r} matches no variable of the module that can be trained; "
        f"some of its {len(names)} names, in order: {shown}."
    )


def drop_features(features: tf.Tensor, rate: float, seed: Seed, first_row: tf.Tensor | int = 0) -> tf.Tensor:
    """Zeroes a share `rate` of the features and scales up the rest: a pure function of seed and row."""
    rows, columns = tf.unstack(tf.shape(features))
    kept = tf.random.stateless_uniform([first_row + rows, columns], seed)[first_row:] >= rate
    return tf.where(kept, features / (1.0 - rate), 0.0)


def _check_base(base: Any) -> None:
    if not isinstance(base, ImageModule):
        raise InputError(
            f"A classifier is made of an image module, but {base!r} was given: load one by "
            f"retrain.load_module(...)."
        )


def _heads(given: Any) -> dict[str, Head]:
    if not isinstance(given, Mapping) or not given:
        raise InputError(
            f"A classifier needs the classes of each task, such as {{'kind': ['cat', 'dog']}}, but {given!r} "
            f"was given: name each task."
        )
    return {task: _head(task, of_task) for task, of_task in given.items()}


def _head(task: str, given: Any) -> Head:
    """The head, or a softmax head of the classes that were given."""
    if isinstance(given, Head):
        return given
    names = list(given) if isinstance(given, Iterable) and not isinstance(given, str) else [given]
    if len(names) < SoftmaxHead.fewest_classes or len(set(names)) < len(names):
        raise InputError(
            f"Task {task!r} needs a head, or the names of 2 different classes or more, but {given!r} was "
            f"given."
        )
    return SoftmaxHead(names)


def _signatures(
    base: ImageModule, heads: Mapping[str, Head], tells_familiarity: bool
) -> dict[str, Signature]:
    def vector(length: int) -> Signature:
        return image_signature(base.image_size, {DEFAULT_OUTPUT: tf.TensorSpec([None, length], tf.float32)})

    primary = next(iter(heads))
    outputs = {task: tf.TensorSpec([None, head.num_classes], tf.float32) for task, head in heads.items()}
    if len(outputs) == 1:
        outputs = {DEFAULT_OUTPUT: outputs.popitem()[1]}
    scores = {}
    if tells_familiarity:
        outputs[FAMILIARITY] = tf.TensorSpec([None], tf.float32)
        length = sum(head.num_classes for head in heads.values())
        every = {DEFAULT_OUTPUT: tf.TensorSpec([None, length], tf.float32), FAMILIARITY: outputs[FAMILIARITY]}
        scores = {LOGITS_AND_FAMILIARITY: image_signature(base.image_size, every)}
    return {
        IMAGE_FEATURE_VECTOR: vector(base.num_features),
        **{task_signature(task, task == primary): vector(head.num_classes) for task, head in heads.items()},
        SERVING_SIGNATURE: image_signature(base.image_size, outputs),
        **scores,
    }


def _zeros(shape: Sequence[int], name: str) -> tf.Variable:
    return tf.Variable(tf.zeros(shape), name=name)
