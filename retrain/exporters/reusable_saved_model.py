"""A classifier as a TF2 reusable SavedModel: callable, trainable again, and served by name.

Source of the interface: https://www.tensorflow.org/hub/reusable_saved_models, and its form for images,
https://www.tensorflow.org/hub/common_saved_model_apis/images. The root's `__call__(images, training=False)`
gives the logits of the primary task, `image_feature_vector(images, training=False)` the base's features. The
signatures `image_feature_vector` and `image_classification` give the same by name,
`image_classification/TASK` the logits of another task, `serving_default` probabilities, and the familiarity
of images where it is told; then `image_classification/familiarity` gives it beside the logits of all tasks.
`serving_bytes` takes the files of images, see served_bytes; it may be `serving_default`, too, and what that
was is `serving_images` then. All of them refuse values outside of [0, 1], but for training.
"""

import dataclasses
from collections.abc import Callable, Mapping

import tensorflow as tf

# Inside of it functions are traced as they are saved; of what was traced outside, saving traces all again.
from tensorflow.python.saved_model.save_context import save_context

from retrain.exporters import AS_USUAL, ExportOptions
from retrain.exporters.documents import write_documents
from retrain.exporters.served_bytes import IMAGE_BYTES, pictures, ranked
from retrain.exporters.stored_familiarity import write_familiarity
from retrain.familiarity import FAMILIARITY
from retrain.files import new_directory
from retrain.model import LOGITS_AND_FAMILIARITY, ImageClassifier
from retrain.modules.graphs.pixel_range import in_range
from retrain.modules.signatures import (
    DEFAULT_OUTPUT,
    IMAGE_CLASSIFICATION,
    IMAGE_FEATURE_VECTOR,
    IMAGES,
    SERVING_BYTES,
    SERVING_IMAGES,
    SERVING_SIGNATURE,
)


def write(classifier: ImageClassifier, directory: str, options: ExportOptions = AS_USUAL) -> None:
    """Writes a new directory; InputError when it exists, or when there is no room for it."""
    root = _ReusableClassifier(_sharing_sketch(classifier))
    with new_directory(directory) as partial:
        functions = {name: root.signature(name) for name in classifier.signatures}
        functions[SERVING_BYTES] = root.of_bytes()
        if options.takes_bytes:
            functions[SERVING_IMAGES] = functions[SERVING_SIGNATURE]
            functions[SERVING_SIGNATURE] = functions[SERVING_BYTES]
        tf.saved_model.save(root, partial, functions)
        signatures = {task: signature for signature, task in classifier.task_signatures.items()}
        serving = {
            IMAGES: SERVING_IMAGES if options.takes_bytes else SERVING_SIGNATURE,
            IMAGE_BYTES: SERVING_BYTES,
        }
        signatures = {**signatures, FAMILIARITY: LOGITS_AND_FAMILIARITY}
        write_documents(classifier, signatures, partial, serving, options.of_run)
        write_familiarity(classifier.familiarity, partial)


class _ReusableClassifier(tf.train.Checkpoint):
    """The root of the SavedModel. Not a tf.Module, whose `variables` is a property and would not be saved.

    The base is traced once for inference and once for training; all functions call these two. (A tf.function
    is traced again while it is saved, more than once, and a Keras model takes seconds each time.)
    """

    def __init__(self, classifier: ImageClassifier):
        super().__init__(classifier=classifier)
        self.variables = list(classifier.variables)
        self.trainable_variables = [*classifier.base.trainable_variables, *classifier.head_variables]
        self.regularization_losses = [
            tf.function(loss, input_signature=[], autograph=False)
            for loss in classifier.base.regularization_losses
        ]
        features = {training: _traced_base(classifier, training) for training in (False, True)}
        self.image_feature_vector = _method(classifier, features, IMAGE_FEATURE_VECTOR)
        self.image_classification = _method(classifier, features, IMAGE_CLASSIFICATION)
        self.__call__ = self.image_classification

    def signature(self, name: str) -> Callable[..., dict[str, tf.Tensor]]:
        """The function `images` -> outputs by key behind a named signature."""

        @tf.function(input_signature=[_images(self.classifier)], autograph=False)
        def served(images: tf.Tensor) -> dict[str, tf.Tensor]:
            return self.classifier.outputs_from(self.image_feature_vector(images), name)

        return served

    def of_bytes(self) -> Callable[..., dict[str, tf.Tensor]]:
        """The function `image_bytes` -> classes, scores and familiarity behind `serving_bytes`."""

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name=IMAGE_BYTES)], autograph=False)
        def served(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
            images = pictures(self.classifier.image_size, self.classifier.decoding)(image_bytes)
            return ranked(self.classifier, self.image_feature_vector(images))

        return served


def _sharing_sketch(classifier: ImageClassifier) -> ImageClassifier:
    """A tensor that functions capture is saved once, however many they are; an array in each of them."""
    told = classifier.familiarity
    if told is None:
        return classifier
    return classifier.with_familiarity(dataclasses.replace(told, sketch=tf.constant(told.sketch)))


def _traced_base(classifier: ImageClassifier, training: bool) -> Callable[[tf.Tensor], tf.Tensor]:
    def features(images: tf.Tensor) -> tf.Tensor:
        # What augments images for training may go beyond.
        return classifier.base(images if training else in_range(images), training)

    return tf.function(features, autograph=False).get_concrete_function(_images(classifier))


def _method(
    classifier: ImageClassifier, features: Mapping[bool, Callable[[tf.Tensor], tf.Tensor]], signature: str
) -> Callable[..., tf.Tensor]:
    @tf.function(autograph=False)
    def method(images: tf.Tensor, training: bool = False) -> tf.Tensor:
        return classifier.outputs_from(features[bool(training)](images), signature)[DEFAULT_OUTPUT]

    with save_context(tf.saved_model.SaveOptions()):
        for training in features:
            method.get_concrete_function(_images(classifier), training=training)
    return method


def _images(classifier: ImageClassifier) -> tf.TensorSpec:
    return tf.TensorSpec([None, *classifier.image_size, 3], tf.float32, name=IMAGES)
