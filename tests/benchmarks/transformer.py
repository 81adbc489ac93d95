"""A step of fine-tuning against a step of Keras' `fit`: a transformer as large as DINOv2's small one.

`python -m tests.benchmarks.transformer IMAGE_DIR`. Wanted: at least 0.9 of its steps a second, input
included. Both train a network of KerasHub with the same random weights in float32, on batches from files that
were decoded once, without augmentation. Measured on 2 cores that eight others shared: 0.91 by the
median, 0.99 by CPU time; neither compiles by XLA.
"""

import os
import pathlib
import sys
import tempfile
from collections.abc import Callable, Mapping
from typing import NamedTuple

import keras
import keras_hub
import numpy as np
import tensorflow as tf

from retrain.data.layout import read_listing
from retrain.data.pipeline import TrainingImages, training_batches
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from retrain.modules.loading import load_module
from retrain.training.driver import Action, Driver
from retrain.training.estimator import Estimator
from retrain.training.step_reports import StepReport
from tests.benchmarks.rounds import print_ratios, seconds

SIDE, ROUNDS = 224, 3
SIZES = {"patch_size": 14, "num_layers": 12, "hidden_dim": 384, "num_heads": 6, "intermediate_dim": 1536}
SCALE, OFFSET = 1 / 127.5, -1.0


class Training(NamedTuple):
    """What both train: a preset, for images of so many pixels, on class folders."""

    preset: str
    side: int
    image_dir: str
    batch_size: int = 8
    steps: int = 4


def main(image_dir: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        training = Training(saved_preset(os.path.join(directory, "preset")), SIDE, image_dir)
        variants = {"Keras fit": keras_steps(training), "retrain": our_steps(training, directory)}
        taken = seconds(variants, ROUNDS)
    print_ratios(taken, "Keras fit")


def saved_preset(directory: str, sizes: Mapping[str, int] = SIZES, side: int = SIDE) -> str:
    """The directory of a preset with random weights."""
    keras.utils.set_random_seed(0)
    pathlib.Path(directory).mkdir()
    shapes = {"image_shape": (side, side, 3), "position_embedding_shape": (side, side, 3)}
    keras_hub.models.DINOV2Backbone(**sizes, **shapes).save_to_preset(directory)
    converter = keras_hub.layers.DINOV2ImageConverter(image_size=(side, side), scale=SCALE, offset=OFFSET)
    converter.save_to_preset(directory)
    return directory


def our_steps(
    training: Training,
    model_dir: str,
    bfloat16: bool = False,
    note: Callable[[StepReport], None] = lambda report: None,
) -> Callable[[], object]:
    """Takes the steps each time it is called; `note` is told of them."""
    listing = read_listing(training.image_dir)
    names = listing.columns["label"].names
    module = load_module(training.preset, bfloat16=bfloat16)
    paths = [os.path.join(training.image_dir, path) for path in listing.paths]
    labels = [names.index(label) for label in listing.columns["label"].cells]
    photos = TrainingImages(paths, module.image_size, {"label": np.asarray(labels, np.int32)})
    model = ImageClassifier(module, {"label": SoftmaxHead(names)}, 0.2, train_base=True)
    loop = Estimator(model, os.path.join(model_dir, "bfloat16" if bfloat16 else "float32")).loop
    batches = loop.batches(training_batches(photos, training.batch_size, seed=0))
    return lambda: Driver(loop, [Action(note)]).run(batches, loop.global_step + training.steps)


def keras_steps(training: Training, dtype: str = "float32", xla: bool = False) -> Callable[[], object]:
    """Takes the steps each time it is called."""
    classes = len(read_listing(training.image_dir).columns["label"].names)
    model, photos = keras_model(training, classes, dtype, xla), keras_photos(training)
    return lambda: model.fit(photos, steps_per_epoch=training.steps, verbose=0)


def keras_model(training: Training, classes: int, dtype: str, xla: bool) -> keras.Model:
    """The network, its class token, dropout and a dense layer."""
    images = keras.Input((training.side, training.side, 3))
    scaled = keras.layers.Rescaling(255.0 * SCALE, OFFSET)(images)
    tokens = keras_hub.models.Backbone.from_preset(training.preset, dtype=dtype)(scaled)
    logits = keras.layers.Dense(classes)(keras.layers.Dropout(0.2)(tokens[:, 0]))
    model = keras.Model(images, logits)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    sgd = keras.optimizers.SGD(0.01, momentum=0.9)
    model.compile(sgd, loss, metrics=["accuracy"], jit_compile=xla)
    return model


def keras_photos(training: Training) -> tf.data.Dataset:
    """As Keras' own guides to transfer learning load them, decoded once."""
    size = (training.side, training.side)
    photos = keras.utils.image_dataset_from_directory(
        training.image_dir, image_size=size, batch_size=None, shuffle=False, verbose=False
    )
    scaled = photos.map(lambda image, label: (image / 255.0, label)).cache()
    return scaled.shuffle(1000).repeat().batch(training.batch_size).prefetch(tf.data.AUTOTUNE)


if __name__ == "__main__":
    main(*sys.argv[1:])
