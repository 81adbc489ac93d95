"""The loop on one device is tested through the Estimator; here, on two."""

import os
import pathlib
import subprocess
import sys
import textwrap

import keras
import numpy as np
import tensorflow as tf

from retrain.modules.load import load_module
from retrain.training import training_loop
from retrain.training.estimator import Estimator
from retrain.training.training_loop import Penalties
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


def test_two_replicas_train_as_one_also_on_batches_that_do_not_halve(averaging_module, tmp_path):
    one, two = (str(tmp_path / name) for name in ("one", "two"))
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", textwrap.dedent(MIRRORED), averaging_module, two]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    for train_base in (False, True):
        train(averaging_module, one, tf.distribute.get_strategy(), train_base)
        results = [np.load(f"{directory}/{train_base}/result.npz") for directory in (one, two)]
        assert len(results[0].files) == 4 + 2 + train_base
        for name in results[0].files:
            np.testing.assert_allclose(results[0][name], results[1][name], rtol=1e-5, atol=1e-5)


def test_a_call_takes_no_more_steps_than_it_may(loaded_module, tmp_path, monkeypatch):
    monkeypatch.setattr(training_loop, "STEPS_PER_CALL", 4)
    loop = Estimator(worlds.classifier(loaded_module), tmp_path).loop
    batches = loop.batches(worlds.feature_batches(2))
    taken = []
    for limit in (3, None, 10):
        ended = loop.advance(batches, limit)
        taken.append((int(loop.global_step), ended))
    assert taken == [(3, False), (6, True), (6, True)]
    assert int(loop.optimizer.iterations) == 6


def test_predictions_are_logits_and_probabilities(loaded_module, tmp_path):
    model = worlds.classifier(loaded_module, dropout_rate=0.5)
    model.kernels["label"].assign(np.eye(3))
    loop = Estimator(model, tmp_path).loop
    [(logits, probabilities)] = loop.predictions({"features": tf.constant(worlds.COLOURS)}).values()
    np.testing.assert_allclose(logits, worlds.COLOURS, rtol=1e-6)
    np.testing.assert_allclose(probabilities, tf.nn.softmax(worlds.COLOURS), rtol=1e-6)
