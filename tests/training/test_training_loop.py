"""What the loop gives; training is tested through the Estimator, on two devices in tests/contracts."""

import time

import keras
import numpy as np
import pytest
import tensorflow as tf

from retrain.training.estimator import Estimator
from tests.training import worlds


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


def test_a_step_that_fails_is_not_counted(loaded_module, tmp_path):
    loop = Estimator(worlds.classifier(loaded_module), tmp_path).loop
    rows = tf.convert_to_tensor(worlds.COLOURS), tf.convert_to_tensor(worlds.LABELS)
    good, bad = ({"features": rows[0]}, {"label": rows[1]}), ({"features": rows[0]}, {"label": rows[1][:2]})
    spec = {"features": tf.TensorSpec([None, 3])}, {"label": tf.TensorSpec([None], rows[1].dtype)}
    batches = iter(tf.data.Dataset.from_generator(lambda: iter([good, bad]), output_signature=spec))
    with pytest.raises(tf.errors.InvalidArgumentError):
        loop.take_steps(batches, tf.constant(2))
    assert loop.global_step == int(loop.optimizer.iterations) == 1
