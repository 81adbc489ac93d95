"""A step of fine-tuning against a step of Keras' `fit` of the same architecture, from the same photos.

`python -m tests.benchmarks.fine_tuning MODULE_DIR IMAGE_DIR` with MobileNet v1 0.25 of 128 pixels, as a
SavedModel or of the TF1 Hub format. Wanted: at most 1.0 times the time, input included. Both get batches of
32 from files: Keras by its image_dataset_from_directory, with what was decoded kept, ours as it is. Measured
on 2 busy cores: 0.51 of the time, 0.53 of the CPU time (SavedModel).
"""

import os
import sys
import tempfile

import keras
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

BATCH_SIZE, STEPS = 32, 31  # an epoch of 1000 images


def main(handle: str, image_dir: str) -> None:
    listing = read_listing(image_dir)
    module = load_module(handle)
    names = listing.columns["label"].names
    paths = [os.path.join(image_dir, path) for path in listing.paths]
    labels = {"label": np.asarray([names.index(label) for label in listing.columns["label"].cells], np.int32)}
    batches = training_batches(TrainingImages(paths, module.image_size, labels), BATCH_SIZE, seed=0)
    model = ImageClassifier(module, {"label": SoftmaxHead(names)}, 0.2, train_base=True)
    reference, photos = keras_model(len(names)), keras_photos(image_dir)
    with tempfile.TemporaryDirectory() as model_dir:
        loop = Estimator(model, model_dir).loop
        ours = loop.batches(batches)
        taken = seconds(
            {
                "Keras fit": lambda: reference.fit(photos, steps_per_epoch=STEPS, verbose=0),
                "retrain": lambda: Driver(loop, []).run(ours, loop.global_step + STEPS),
            }
        )
    print_ratios(taken, "Keras fit")


def keras_model(classes: int) -> keras.Model:
    """MobileNet v1 0.25 of 128 pixels with dropout and a dense layer."""
    base = keras.applications.MobileNet(
        input_shape=(128, 128, 3), alpha=0.25, include_top=False, pooling="avg", weights=None
    )
    layers = [keras.layers.Rescaling(2.0, -1.0), base, keras.layers.Dropout(0.2), keras.layers.Dense(classes)]
    model = keras.Sequential([keras.Input((128, 128, 3)), *layers])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), loss, metrics=["accuracy"])
    return model


def keras_photos(image_dir: str) -> tf.data.Dataset:
    """As Keras' own guides to transfer learning load them, decoded once."""
    photos = keras.utils.image_dataset_from_directory(
        image_dir, image_size=(128, 128), batch_size=None, shuffle=False, verbose=False
    )
    scaled = photos.map(lambda image, label: (image / 255.0, label)).cache()
    return scaled.shuffle(1000).repeat().batch(BATCH_SIZE).prefetch(tf.data.AUTOTUNE)


if __name__ == "__main__":
    main(*sys.argv[1:])
