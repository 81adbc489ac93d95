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

import keras
import keras_hub
import numpy as np
import tensorflow as tf

from retrain.data.layout import read_listing
from retrain.data.pipeline import TrainingImages, training_batches
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from retrain.modules.loading import load_module
from retrain.training.driver import Driver
from retrain.training.estimator import Estimator
from tests.benchmarks.rounds import print_ratios, seconds

SIDE, BATCH_SIZE, STEPS, ROUNDS = 224, 8, 4, 3
SIZES = {"patch_size": 14, "num_layers": 12, "hidden_dim": 384, "num_heads": 6, "intermediate_dim": 1536}
SCALE, OFFSET = 1 / 127.5, -1.0


def main(image_dir: str) -> None:
    listing = read_listing(image_dir)
    names = listing.columns["label"].names
    with tempfile.TemporaryDirectory() as directory:
        preset = saved_preset(os.path.join(directory, "preset"))
        module = load_module(preset)
        paths = [os.path.join(image_dir, path) for path in listing.paths]
        labels = [names.index(label) for label in listing.columns["label"].cells]
        photos = TrainingImages(paths, module.image_size, {"label": np.asarray(labels, np.int32)})
        model = ImageClassifier(module, {"label": SoftmaxHead(names)}, 0.2, train_base=True)
        loop = Estimator(model, os.path.join(directory, "model")).loop
        ours = loop.batches(training_batches(photos, BATCH_SIZE, seed=0))
        reference, its = keras_model(preset, len(names)), keras_photos(image_dir)
        taken = seconds(
            {
                "Keras fit": lambda: reference.fit(its, steps_per_epoch=STEPS, verbose=0),
                "retrain": lambda: Driver(loop, []).run(ours, loop.global_step + STEPS),
            },
            ROUNDS,
        )
    print_ratios(taken, "Keras fit")


def saved_preset(directory: str) -> str:
    """The directory of a preset with random weights."""
    keras.utils.set_random_seed(0)
    pathlib.Path(directory).mkdir()
    shapes = {"image_shape": (SIDE, SIDE, 3), "position_embedding_shape": (SIDE, SIDE, 3)}
    keras_hub.models.DINOV2Backbone(**SIZES, **shapes).save_to_preset(directory)
    converter = keras_hub.layers.DINOV2ImageConverter(image_size=(SIDE, SIDE), scale=SCALE, offset=OFFSET)
    converter.save_to_preset(directory)
    return directory


def keras_model(preset: str, classes: int) -> keras.Model:
    """The network, its class token, dropout and a dense layer."""
    images = keras.Input((SIDE, SIDE, 3))
    scaled = keras.layers.Rescaling(255.0 * SCALE, OFFSET)(images)
    tokens = keras_hub.models.Backbone.from_preset(preset)(scaled)
    logits = keras.layers.Dense(classes)(keras.layers.Dropout(0.2)(tokens[:, 0]))
    model = keras.Model(images, logits)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), loss, metrics=["accuracy"])
    return model


def keras_photos(image_dir: str) -> tf.data.Dataset:
    """As Keras' own guides to transfer learning load them, decoded once."""
    photos = keras.utils.image_dataset_from_directory(
        image_dir, image_size=(SIDE, SIDE), batch_size=None, shuffle=False, verbose=False
    )
    scaled = photos.map(lambda image, label: (image / 255.0, label)).cache()
    return scaled.shuffle(1000).repeat().batch(BATCH_SIZE).prefetch(tf.data.AUTOTUNE)


if __name__ == "__main__":
    main(*sys.argv[1:])
