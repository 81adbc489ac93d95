"""The loop on one device is tested through the Estimator; here, on two."""

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

from retrain.heads.sigmoid import SigmoidHead
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from retrain.modules.load import load_module
from retrain.training import training_loop
from retrain.training.estimator import Estimator
from retrain.training.training_loop import Penalties
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
    estimator = Estimator(model, model_dir, optimizer, strategy=strategy, penalties=Penalties(0.001, 0.01))
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


def test_a_call_takes_no_more_steps_than_it_may(loaded_module, tmp_path, monkeypatch):
    monkeypatch.setattr(training_loop, "STEPS_PER_CALL", 4)
    monkeypatch.setattr(training_loop, "SECONDS_PER_CALL", 1e9)
    loop = Estimator(worlds.classifier(loaded_module), tmp_path).loop
    batches = loop.batches(worlds.endless())
    readings = list(loop.readings(batches, stop=25, every=[10], at=[12]))
    assert [reading.step for reading in readings] == [1, 3, 7, 10, 12, 16, 20, 24, 25]
    assert [reading.steps for reading in readings] == [1, 2, 4, 3, 2, 4, 4, 4, 1]
    assert int(loop.optimizer.iterations) == 25
    assert list(loop.readings(batches, stop=25)) == []


def test_readings_end_with_the_input(loaded_module, tmp_path, monkeypatch):
    monkeypatch.setattr(training_loop, "SECONDS_PER_CALL", 1e9)
    loop = Estimator(worlds.classifier(loaded_module), tmp_path).loop
    readings = list(loop.readings(loop.batches(worlds.feature_batches(2)), stop=None))
    assert [reading.step for reading in readings] == [1, 3, 6]
    assert sum(reading.steps for reading in readings) == 6


def test_a_call_does_not_last_long(loaded_module, tmp_path, monkeypatch):
    monkeypatch.setattr(training_loop, "SECONDS_PER_CALL", 0.0)
    loop = Estimator(worlds.classifier(loaded_module), tmp_path).loop
    readings = loop.readings(loop.batches(worlds.endless()), stop=4)
    assert [reading.step for reading in readings] == [1, 2, 3, 4]


def test_the_loss_of_a_reading_is_the_mean_of_its_steps(loaded_module, tmp_path, monkeypatch):
    losses = []
    for seconds in (0.0, 1e9):
        monkeypatch.setattr(training_loop, "SECONDS_PER_CALL", seconds)
        loop = Estimator(worlds.classifier(loaded_module), tmp_path / str(seconds)).loop
        losses.append([r.loss for r in loop.readings(loop.batches(worlds.endless()), stop=3)])
    single, together = losses
    assert together == pytest.approx([single[0], np.mean(single[1:])])


def test_waiting_for_input_is_told_apart(loaded_module, tmp_path):
    def slow(*batch):
        time.sleep(0.05)
        return batch[0]

    def slowed(inputs, labels):
        features = inputs["features"]
        return {"features": tf.ensure_shape(tf.numpy_function(slow, [features], tf.float32), [4, 3])}, labels

    loop = Estimator(worlds.classifier(loaded_module), tmp_path).loop
    readings = list(loop.readings(loop.batches(worlds.endless().map(slowed)), stop=11))
    waited, seconds = (sum(part) for part in zip(*((r.input_wait, r.seconds) for r in readings), strict=True))
    assert 0.5 <= waited <= seconds


def test_an_image_of_two_has_the_loss_of_both(loaded_module, tmp_path):
    """Mixed with shares, the loss is what it would be with the labels mixed so."""
    loop = Estimator(worlds.classifier(loaded_module), tmp_path).loop
    partner, share = np.asarray([1, 2, 3, 0]), np.asarray([1.0, 0.75, 0.5, 0.0], np.float32)
    inputs = {"features": worlds.COLOURS[:4], "partner": partner.astype(np.int32), "share": share}
    labels, weights = worlds.LABELS[:4], np.asarray([1.0, 2.0, 0.0, 1.0], np.float32)
    loop.model.kernels["label"].assign(np.eye(3))
    batch = tf.data.Dataset.from_tensors((inputs, {"label": labels}, weights))
    [reading] = loop.readings(loop.batches(batch), stop=1)
    surprise = -tf.nn.log_softmax(worlds.COLOURS[:4]).numpy()
    own, other = (weights[rows] * surprise[range(4), labels[rows]] for rows in (range(4), partner))
    assert reading.loss == pytest.approx(np.mean(share * own + (1 - share) * other), rel=1e-6)


def test_weights_may_be_given_for_each_task(loaded_module, tmp_path):
    losses = []
    weights = np.asarray([1.0, 2.0, 0.0, 1.0], np.float32)
    for name, given in (("one", weights), ("by_task", {"label": weights})):
        loop = Estimator(worlds.classifier(loaded_module), tmp_path / name).loop
        inputs = {"features": worlds.COLOURS[:4]}
        batch = tf.data.Dataset.from_tensors((inputs, {"label": worlds.LABELS[:4]}, given))
        losses.append([reading.loss for reading in loop.readings(loop.batches(batch), stop=1)])
    assert losses[0] == losses[1] == [pytest.approx(np.log(3))]


def test_within_averaged_the_model_has_the_averages(loaded_module, tmp_path):
    optimizer = keras.optimizers.SGD(1.0, use_ema=True, ema_momentum=0.5)
    loop = Estimator(worlds.classifier(loaded_module), tmp_path, optimizer).loop
    with loop.averaged():  # before the first step there are none
        assert not worlds.weights(loop.model)[-1].any()
    values = []
    for _ in loop.readings(loop.batches(worlds.endless()), stop=3, every=[1]):
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


def test_an_example_without_a_label_of_a_task_does_not_count_in_its_loss(loaded_module, tmp_path):
    heads = {"kind": SoftmaxHead(["a", "b"]), "tags": SigmoidHead(["c"])}
    model = ImageClassifier(loaded_module, heads)
    estimator = Estimator(model, tmp_path, keras.optimizers.SGD(0.0), task_weights={"tags": 0.5})
    labels = {"kind": np.asarray([0, 1, -1, -1]), "tags": np.asarray([[1.0], [np.nan], [np.nan], [np.nan]])}
    batch = ({"features": np.ones([4, 3], np.float32)}, labels)
    estimator.train(lambda: tf.data.Dataset.from_tensors(batch), steps=1)
    # All logits are 0: each loss that counts is log 2.
    np.testing.assert_allclose(estimator.loop.last_loss, 1.5 * np.log(2.0), rtol=1e-6)
    unknown = {"kind": labels["kind"][2:], "tags": labels["tags"][2:]}
    none = ({"features": np.ones([2, 3], np.float32)}, unknown)
    estimator.train(lambda: tf.data.Dataset.from_tensors(none).repeat(2), steps=1)
    assert float(estimator.loop.last_loss) == 0.0
