"""What is trained on two devices, all of it in one process, for TensorFlow makes devices once.

Usage: python -m tests.contracts.two_devices DIRECTORY: trains what test_two_replicas has put there, and
writes `found.npz` beside each.
"""

import pathlib
import sys

import keras
import numpy as np
import tensorflow as tf

from retrain.exporters import hub_module
from retrain.heads.softmax import SoftmaxHead
from retrain.keras import ModuleLayer
from retrain.model import ImageClassifier
from retrain.modules.image_module import ImageModule
from retrain.modules.loading import load_module
from retrain.training.estimator import Estimator
from retrain.training.loss import Loss
from tests.test_keras import classifier, fit, images, values
from tests.training import worlds

LAYERS = ("saved_model", "ref", "resource", "averaging.keras")


def batch(strategy: tf.distribute.Strategy, directory: pathlib.Path) -> tuple[np.ndarray, tf.Tensor]:
    """Four images, and their two halves."""
    pictures = np.load(directory / "images.npy")
    [halves] = strategy.experimental_distribute_dataset(tf.data.Dataset.from_tensors(pictures).rebatch(4))
    return pictures, halves


def summed_gradient(strategy: tf.distribute.Strategy, module: ImageModule, halves: tf.Tensor, power: int):
    """Of the sum of the features' power, by the first variable, over both devices."""

    @tf.function
    def step(halves):
        def gradient(half):
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(module(half, training=True) ** power)
            gradient = tape.gradient(loss, module.trainable_variables[0])
            return tf.distribute.get_replica_context().all_reduce("sum", gradient)

        return strategy.run(gradient, (halves,))

    return strategy.experimental_local_results(step(halves))[0]


def train_tf1_hub(strategy: tf.distribute.Strategy, directory: pathlib.Path) -> None:
    """A module of the TF1 Hub format, which is exported then."""
    pictures, halves = batch(strategy, directory)
    with strategy.scope():
        base = load_module(str(directory / "module"))
        model = ImageClassifier(base, {"label": SoftmaxHead(["a", "b"])})
        model.kernels["label"].assign(tf.ones([3, 2]))
    gradient = summed_gradient(strategy, model.base, halves, power=1)
    found = {variable.name: variable.numpy() for variable in model.base.variables}
    logits = model.outputs(pictures, "image_classification")["default"]
    hub_module.write(model, str(directory / "export"))
    np.savez(directory / "found.npz", gradient=gradient, logits=logits, **found)


def train_before_head(strategy: tf.distribute.Strategy, directory: pathlib.Path) -> None:
    """What a SavedModel of a classifier computes before its head; features in inference need no replica."""
    pictures, halves = batch(strategy, directory)
    with strategy.scope():
        module = load_module(str(directory / "module"))
    features = module(pictures)
    gradient = summed_gradient(strategy, module, halves, power=2)
    np.savez(directory / "found.npz", features=features, gradient=gradient)


def fit_layer(strategy: tf.distribute.Strategy, directory: pathlib.Path, handle: str) -> None:
    """A layer of Keras, saved between two calls of fit; and what was saved, trained on."""
    with strategy.scope():
        layer = ModuleLayer(handle, trainable=True)
        model = classifier(layer, keras.optimizers.SGD(0.001, momentum=0.9))
    fit(model, images(layer))
    model.save(directory / "mirrored.keras")
    with strategy.scope():
        again = keras.models.load_model(directory / "mirrored.keras")
    for one in (model, again):
        fit(one, images(layer))
    np.savez(directory / "found.npz", *values(layer), model.layers[-1].kernel.numpy())
    np.savez(directory / "again.npz", *values(again.layers[0]), again.layers[-1].kernel.numpy())


def train_estimator(module: str, directory: str, strategy: tf.distribute.Strategy, train_base: bool) -> None:
    """Trains over uneven batches (12 examples in batches of 5), and saves what came of it."""
    with strategy.scope():
        model = worlds.classifier(load_module(module), train_base=train_base)
        optimizer = keras.optimizers.SGD(0.1, momentum=0.9)
    model_dir = f"{directory}/{train_base}"
    loss = Loss(l1_regularizer=0.001, l2_regularizer=0.01)
    estimator = Estimator(model, model_dir, optimizer, loss=loss, strategy=strategy)
    for part in range(2):
        estimator.train(lambda: worlds.image_batches(5).repeat(4), max_steps=6 * (part + 1))
    figures = estimator.evaluate(worlds.image_batches)
    values = [figures["loss"], figures["count"], estimator.loop.last_loss, estimator.global_step]
    np.savez(f"{model_dir}/result.npz", *map(np.asarray, [*values, *model.trainable_variables]))


def note_statistics(module: str, strategy: tf.distribute.Strategy) -> None:
    """Batch norm sees half of the images on each replica: what it notes is the mean over both."""
    with strategy.scope():
        loaded = load_module(module)

    @tf.function
    def step():
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        loaded(tf.reshape(tf.constant(worlds.PIXELS), [2, -1, 8, 8, 3])[replica], training=True)

    strategy.run(step)
    [moving_mean] = [variable for variable in loaded.variables if "moving_mean" in variable.name]
    np.testing.assert_allclose(moving_mean, 0.01 * worlds.COLOURS.mean(axis=0), rtol=1e-5)


def main(directory: pathlib.Path) -> None:
    [cpu] = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    assert strategy.num_replicas_in_sync == 2
    for kind in ("ref", "resource"):
        train_tf1_hub(strategy, directory / kind)
    train_before_head(strategy, directory / "before_head")
    for name in LAYERS:
        fit_layer(strategy, directory / "layers" / name, str(directory / "modules" / name))
    loop = directory / "loop"
    for train_base in (False, True):
        averaging = str(directory / "modules" / "saved_model")
        train_estimator(averaging, str(loop), strategy, train_base)
    note_statistics(str(directory / "modules" / "averaging.keras"), strategy)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
