"""Worlds small enough to know every answer: folders of flat colours, modules that give the mean RGB."""

import pathlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from PIL import Image

from retrain import files
from retrain.familiarity import calibrated, nearness, sketch_of
from retrain.model import ImageClassifier

# As Keras keeps its batch norm: one value for all replicas of a training step.
MOVING = {
    "synchronization": tf.VariableSynchronization.ON_READ,
    "aggregation": tf.VariableAggregation.MEAN,
}
# What `published_module` knows: each class is a colour that the mean RGB of its images agrees with most.
LABELS = ("red", "green", "blue", "Aqua, Cyan", "Magenta", "Yellow", "black")  # "cyan" is one of two names
KERNEL = np.asarray(
    [[4, -2, -2, -4, 2, 2, 0], [-2, 4, -2, 2, -4, 2, 0], [-2, -2, 4, 2, 2, -4, 0]], np.float32
)
BIAS = np.asarray([0, 0, 0, 0, 0, 0, 1], np.float32)
COLOURS = {"cyan": (0, 255, 255), "magenta": (255, 0, 255), "yellow": (255, 255, 0)}


def tagged_image(
    path: pathlib.Path, random: np.random.Generator, share: float, strength: int, shades: tuple[int, int]
) -> np.ndarray:
    """Writes a flat image with a high channel for each of three tags that it has, bool [3], which it returns.

    It has each tag with the probability `share`; all channels are shades in a range, a tag adds `strength`.
    """
    there = random.random(3) < share
    colour = (there * strength + random.integers(*shades, 3)).astype(np.uint8)
    Image.new("RGB", (8, 8), tuple(colour.tolist())).save(path)
    return there


def colour_folder(
    directory: pathlib.Path, images_per_class: int = 8, size: tuple[int, int] = (16, 16), suffix: str = ".png"
) -> str:
    """Class folders of flat images (height, width), each of its own shade, so that no two files are equal.

    The first eight of each class, as PNG of 16 x 16, have a hash at most once of validation and of test.
    """
    for name, colour in COLOURS.items():
        (directory / name).mkdir(parents=True)
        for index in range(images_per_class):
            shade = np.clip(colour, index + 3, 252 - index).astype(np.uint8)
            image = np.broadcast_to(shade, (*size, 3))
            Image.fromarray(np.ascontiguousarray(image)).save(
                directory / name / f"{index:03}{suffix}", compress_level=0
            )
    return str(directory)


def with_familiarity(model: ImageClassifier) -> ImageClassifier:
    """The classifier that knows 24 images of noise."""
    images = np.random.default_rng(5).random([24, *model.image_size, 3], np.float32)
    features = model.base(images)
    evidence = {task: values.numpy() for task, values in model.evidence(model.logits(features)).items()}
    sketch = sketch_of(features[:8].numpy(), seed=0)
    return model.with_familiarity(calibrated(sketch, nearness(features, sketch).numpy(), evidence))


def talking_module(directory: pathlib.Path, size: tuple[int, int] = (8, 8)) -> str:
    """A TF2 SavedModel that gives the mean RGB of each image, and says something each time."""
    module = tf.Module()

    @tf.function(input_signature=[tf.TensorSpec([None, *size, 3], tf.float32, name="images")])
    def call(images: tf.Tensor) -> tf.Tensor:
        tf.print("Hello.")
        return tf.reduce_mean(images, axis=[1, 2])

    module.__call__ = call
    tf.saved_model.save(module, str(directory))
    return str(directory)


def averaging_module(
    directory: pathlib.Path,
    size: tuple[int | None, int | None] = (8, 8),
    methods: Mapping[str, float] = MappingProxyType({"__call__": 1.0}),
    signatures: Mapping[str, float] = MappingProxyType({"serving_default": 1.0}),
    output_key: str = "feature_vector",
    with_training: bool = True,
    with_attributes: bool = True,
    labels: int | None = None,
) -> str:
    """A TF2 SavedModel whose functions, name -> factor, give that factor times the mean RGB of each image.

    It has a trainable `scale` of ones, a moving `average` of what it was trained on, which no output depends
    on, and one regularization loss, the sum of `scale`. Signatures give their output under `output_key`.
    """
    scale = tf.Variable(tf.ones(3), name="scale")
    average = tf.Variable(tf.zeros(3), trainable=False, name="average", **MOVING)
    module = tf.train.Checkpoint(scale=scale, average=average)
    images = tf.TensorSpec([None, *size, 3], tf.float32, name="images")

    def method(factor: float) -> Callable[..., tf.Tensor]:
        def inference(images: tf.Tensor) -> tf.Tensor:
            return factor * tf.reduce_mean(images, axis=[1, 2]) * scale

        def features(images: tf.Tensor, training: bool = False) -> tf.Tensor:
            if training:
                average.assign(0.9 * average + 0.1 * tf.reduce_mean(images, axis=[0, 1, 2]))
            return inference(images)

        return features if with_training else inference

    def signature(factor: float) -> Any:
        outputs = tf.function(lambda images: {output_key: method(factor)(images)})
        return outputs.get_concrete_function(images)

    for name, factor in methods.items():
        function = tf.function(method(factor))
        function.get_concrete_function(images)
        if with_training:
            function.get_concrete_function(images, training=True)
        setattr(module, name, function)
    if with_attributes:
        module.variables, module.trainable_variables = [scale, average], [scale]
        module.regularization_losses = [tf.function(lambda: tf.reduce_sum(scale), input_signature=[])]
    named = {name: signature(factor) for name, factor in signatures.items()}
    tf.saved_model.save(module, str(directory), signatures=named)
    if labels is not None:
        lines = "".join(f"class {index}\n" for index in range(labels))
        files.write_text(directory / "assets.extra" / "labels.txt", lines)
    return str(directory)


def keras_file(
    directory: pathlib.Path, size: tuple[int | None, int | None] = (8, 8), factor: float = 1.0
) -> str:
    """A `.keras` file whose features are `factor` times the mean RGB, behind a batch norm."""
    norm = keras.layers.BatchNormalization(epsilon=0.0, gamma_initializer=keras.initializers.Constant(factor))
    model = keras.Sequential([keras.Input((*size, 3)), keras.layers.GlobalAveragePooling2D(), norm])
    path = directory / "averaging.keras"
    path.parent.mkdir(parents=True, exist_ok=True)
    model.save(path)
    return str(path)


def published_module(directory: pathlib.Path) -> str:
    """A SavedModel of features, the mean RGB, and of scores for LABELS: they times KERNEL, and BIAS."""
    images = tf.TensorSpec([None, 8, 8, 3], tf.float32)
    kernel, bias = tf.Variable(KERNEL), tf.Variable(BIAS)
    module = tf.train.Checkpoint(kernel=kernel, bias=bias)
    module.image_feature_vector = tf.function(
        lambda images: tf.reduce_mean(images, axis=[1, 2]), input_signature=[images]
    )
    module.image_classification = tf.function(
        lambda images: tf.reduce_mean(images, axis=[1, 2]) @ kernel + bias, input_signature=[images]
    )
    module.variables = [kernel, bias]
    tf.saved_model.save(module, str(directory))
    return str(directory)
