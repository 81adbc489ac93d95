import numpy as np
import pytest
import tensorflow as tf

from retrain.head_search.head_step import (
    MOMENTUM,
    Batch,
    Batches,
    Examples,
    Hyperparameters,
    State,
    Steps,
    compiled_train_steps,
    total_losses,
    train_steps,
)
from retrain.heads.softmax import SoftmaxHead

HEAD = SoftmaxHead(["a", "b"])
RANDOM = np.random.default_rng(0)
FEATURES = RANDOM.normal(size=[6, 3]).astype(np.float32)
LABELS = np.array([0, 1, 1, 0, 1, 0], np.int32)
ROWS = np.array([[0, 1], [2, 3], [4, 5], [5, 0]], np.int32)
DECAY = np.array([1.0, 0.75, 0.5, 0.25], np.float32)
POOL = np.array([[1, 0, 1], [0, 1, 1], [1, 1, 1], [2, 2, 0]], np.float32)
WINDOWS = np.array([0, 2, 1, 0], np.int32)
RATE, L2 = 0.3, 0.1


def tensors(values: tuple) -> tuple:
    return type(values)(*(None if value is None else tf.constant(value) for value in values))


# One head of two columns.
HYPERPARAMETERS = tensors(
    Hyperparameters(
        *(np.full(2, value, np.float32) for value in (RATE, 2 * RATE, RATE * L2)),
        l1=None,
        label_smoothing=None,
        weighting=np.zeros(1, np.int32),
    )
)
CENTRE = np.array([0.25, -0.5, 1.0], np.float32)
BATCH = tensors(Batch(FEATURES, LABELS[:, None], np.ones([6, 1, 1], np.float32)))
# They lie backwards, among others.
LYING = np.full([13, 3], np.nan, np.float32)
PLACES = np.arange(11, 0, -2, np.int32)
LYING[PLACES] = FEATURES + CENTRE
EXAMPLES = Examples(tf.constant(LYING), tf.constant(PLACES), tf.constant(CENTRE), BATCH.labels, BATCH.weights)
ZEROS = tensors(State(*(np.zeros(shape, np.float32) for shape in ([3, 2], [2], [3, 2], [2]))))


def steps_in_numpy(begin: int, end: int, pool: np.ndarray | None) -> tuple[np.ndarray, np.ndarray, float]:
    """Kernel, bias, and the loss summed over the steps."""
    kernel, bias, kernel_velocity, bias_velocity, total = np.zeros([3, 2]), np.zeros(2), 0.0, 0.0, 0.0
    for step in range(begin, end):
        features = FEATURES[ROWS[step]].astype(np.float64)
        if pool is not None:
            features = features * pool[WINDOWS[step] : WINDOWS[step] + 2]
        logits, targets = features @ kernel + bias, np.eye(2)[LABELS[ROWS[step]]]
        probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        total -= np.mean(np.sum(targets * np.log(probabilities), axis=1))
        error = (probabilities - targets) / 2
        kernel_velocity = MOMENTUM * kernel_velocity + RATE * (features.T @ error + L2 * kernel)
        bias_velocity = MOMENTUM * bias_velocity + 2 * RATE * error.sum(axis=0)
        kernel, bias = kernel - DECAY[step] * kernel_velocity, bias - DECAY[step] * bias_velocity
    return kernel, bias, total


@pytest.mark.parametrize("train", [train_steps, compiled_train_steps], ids=["plain", "compiled"])
@pytest.mark.parametrize("pool", [None, POOL], ids=["whole", "dropped"])
@pytest.mark.parametrize(("begin", "end"), [(0, 4), (1, 3), (2, 2)])
def test_steps_are_what_numpy_does(train, pool, begin, end):
    batches = tensors(Batches(ROWS, DECAY, pool, WINDOWS))
    steps = Steps(tf.constant(begin), tf.constant(end))
    state, loss = train(HEAD, HYPERPARAMETERS, ZEROS, EXAMPLES, batches, steps)
    kernel, bias, total = steps_in_numpy(begin, end, pool)
    np.testing.assert_allclose(state.kernel, kernel, atol=1e-6)
    np.testing.assert_allclose(state.bias, bias, atol=1e-6)
    np.testing.assert_allclose(loss, [total], atol=1e-6)


def test_losses_at_each_temperature():
    state = ZEROS._replace(kernel=tf.constant(RANDOM.normal(size=[3, 2]), tf.float32))
    logits = FEATURES @ state.kernel.numpy()
    found = total_losses(HEAD, state, BATCH, None, tf.constant([0.5, 1.0]))
    expected = [np.sum(HEAD.loss(HEAD.targets(LABELS), logits / scale)) for scale in (0.5, 1.0)]
    np.testing.assert_allclose(found, np.reshape(expected, [2, 1]), rtol=1e-5)
