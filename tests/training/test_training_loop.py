"""The loop on one device is tested through the Estimator; here, on two."""

import os
import pathlib
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import tensorflow as tf

from retrain.training import training_loop
from retrain.training.estimator import Estimator
from tests.training import worlds

ROOT = pathlib.Path(__file__).parents[2]

# Trains by SGD with momentum over uneven batches (12 examples in batches of 5), and saves what came of it.
MIRRORED = """
    import sys
    import keras, numpy as np, tensorflow as tf
    from retrain.modules.load import load_module
    from retrain.training.estimator import Estimator
    from retrain.training.training_loop import Penalties
    from tests.training import worlds

    module, model_dir, replicas, train_base = *sys.argv[1:3], int(sys.argv[3]), sys.argv[4] == "True"
    [cpu] = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    strategy = tf.distribute.MirroredStrategy([f"CPU:{index}" for index in range(replicas)])
    with strategy.scope():
        model = worlds.classifier(load_module(module), train_base=train_base)
        optimizer = keras.optimizers.SGD(0.1, momentum=0.9)
    estimator = Estimator(model, model_dir, optimizer, strategy=strategy, penalties=Penalties(0.001, 0.01))
    for part in range(2):
        estimator.train(lambda: worlds.image_batches(5).repeat(4), max_steps=6 * (part + 1))
    figures = estimator.evaluate(worlds.image_batches)
    assert strategy.num_replicas_in_sync == replicas and figures["count"] == worlds.COUNT
    print(float(figures["loss"]), float(estimator.loop.last_loss.numpy()), estimator.global_step)
    np.savez(model_dir + "/weights.npz", *(variable.numpy() for variable in model.trainable_variables))
"""


def mirrored(module: str, model_dir: pathlib.Path, replicas: int, train_base: bool):
    command = [sys.executable, "-c", textwrap.dedent(MIRRORED), module, str(model_dir)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    output = subprocess.run(
        [*command, str(replicas), str(train_base)],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    weights = np.load(model_dir / "weights.npz")
    return [float(word) for word in output.split()], [weights[name] for name in weights.files]


@pytest.mark.parametrize("train_base", [False, True])
def test_two_replicas_train_as_one_also_on_batches_that_do_not_halve(averaging_module, tmp_path, train_base):
    one, two = (
        mirrored(averaging_module, tmp_path / str(replicas), replicas, train_base) for replicas in (1, 2)
    )
    assert one[0] == pytest.approx(two[0], rel=1e-5)
    assert one[0][2] == 12
    for a, b in zip(one[1], two[1], strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


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
