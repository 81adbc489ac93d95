"""Training on one device is tested through the Estimator; here, on two, and what the loop gives beside."""

import os
import pathlib
import subprocess
import sys
import textwrap
import time

import keras
import numpy as np
import pytest
import tensorflow as tf

from retrain.modules.loading import load_module
from retrain.training.estimator import Estimator
from retrain.training.loss import Loss
from tests import tiny_worlds
from tests.training import worlds

ROOT = pathlib.Path(__file__).parents[2]

MIRRORED = """
    import sys
    import tensorflow as tf
    from tests.training import test_training_loop

    [cpu] = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    assert strategy.num_replicas_in_sync == 2
    for train_base in (False, True):
        test_training_loop.train(sys.argv[1], sys.argv[2], strategy, train_base)
    test_training_loop.note_statistics(sys.argv[3], strategy)
"""


def train(module: str, directory: str, strategy: tf.distribute.Strategy, train_base: bool) -> None:
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


def test_two_replicas_train_as_one_also_on_batches_that_do_not_halve(averaging_module, tmp_path):
    one, two = (str(tmp_path / name) for name in ("one", "two"))
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    keras_module = tiny_worlds.keras_file(tmp_path / "keras")
    command = [sys.executable, "-c", textwrap.dedent(MIRRORED), averaging_module, two, keras_module]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    for train_base in (False, True):
        train(averaging_module, one, tf.distribute.get_strategy(), train_base)
        results = [np.load(f"{directory}/{train_base}/result.npz") for directory in (one, two)]
        assert len(results[0].files) == 4 + 2 + train_base
        for name in results[0].files:
            np.testing.assert_allclose(results[0][name], results[1][name], rtol=1e-5, atol=1e-5)


def test_steps_up_to_the_end_of_the_input(loaded_module, tmp_path):
    loop = Estimator(worlds.classifier(loaded_module), tmp_path).loop
    batches = loop.batches(worlds.feature_batches(2))
    assert [bool(loop.take_steps(batches, tf.constant(4))[0]) for _ in range(2)] == [False, True]
    assert loop.global_step == int(loop.optimizer.iterations) == 6


def test_the_losses_of_a_call_are_summed_however_many_steps_it_has(loaded_module, tmp_path):
    losses = []
    for calls in ([1, 1, 1], [1, 2]):
        loop = Estimator(worlds.classifier(loaded_module), tmp_path / str(len(calls))).loop
        batches = loop.batches(worlds.endless())
        losses.append([float(loop.take_steps(batches, tf.constant(steps))[1]) for steps in calls])
    single, together = losses
    assert together == pytest.approx([single[0], sum(single[1:])])


def test_waiting_for_input_is_told_apart(loaded_module, tmp_path):
    def slow(*batch):
        time.sleep(0.05)
        return batch[0]

    def slowed(inputs, labels):
        features = inputs["features"]
        return {"features": tf.ensure_shape(tf.numpy_function(slow, [features], tf.float32), [4, 3])}, labels

    loop, start = Estimator(worlds.classifier(loaded_module), tmp_path).loop, time.monotonic()
    _, _, waited = loop.take_steps(loop.batches(worlds.endless().map(slowed)), tf.constant(11))
    assert 0.5 <= float(waited) <= time.monotonic() - start


def test_partners_are_looked_up_before_a_batch_is_shared_out(loaded_module, tmp_path):
    loop = Estimator(worlds.classifier(loaded_module), tmp_path).loop
    inputs = {"features": worlds.COLOURS[:2], "partner": np.asarray([1, 0]), "share": np.ones(2, np.float32)}
    [(mixed, labels)] = loop.batches(tf.data.Dataset.from_tensors((inputs, {"label": worlds.LABELS[:2]})))
    np.testing.assert_array_equal(labels["label"], worlds.LABELS[:2])
    [of_partners] = mixed["partner"]
    np.testing.assert_array_equal(of_partners["label"], worlds.LABELS[1::-1])


def test_within_averaged_the_model_has_the_averages(loaded_module, tmp_path):
    optimizer = keras.optimizers.SGD(1.0, use_ema=True, ema_momentum=0.5)
    loop = Estimator(worlds.classifier(loaded_module), tmp_path, optimizer).loop
    with loop.averaged():  # before the first step there are none
        assert not worlds.weights(loop.model)[-1].any()
    values, batches = [], loop.batches(worlds.endless())
    for _ in range(3):
        loop.take_steps(batches, tf.constant(1))
        values.append(worlds.weights(loop.model)[-2])
    with loop.averaged():
        averages = worlds.weights(loop.model)[-2]
    np.testing.assert_allclose(averages, 0.25 * values[0] + 0.25 * values[1] + 0.5 * values[2], rtol=1e-5)
    np.testing.assert_array_equal(worlds.weights(loop.model)[-2], values[2])
    loop.take_averages()
    np.testing.assert_array_equal(worlds.weights(loop.model)[-2], averages)


def test_predictions_are_logits_and_probabilities(loaded_module, tmp_path):
    model = worlds.classifier(loaded_module, dropout_rate=0.5)
    model.kernels["label"].assign(np.eye(3))
    loop = Estimator(model, tmp_path).loop
    [(logits, probabilities)] = loop.predictions({"features": tf.constant(worlds.COLOURS)}).values()
    np.testing.assert_allclose(logits, worlds.COLOURS, rtol=1e-6)
    np.testing.assert_allclose(probabilities, tf.nn.softmax(worlds.COLOURS), rtol=1e-6)
