import os

import keras
import numpy as np
import pytest
import tensorflow as tf

from retrain.training.checkpoints import KEPT, Checkpoints
from tests.training import worlds


@pytest.fixture
def make(loaded_module, tmp_path):
    """Fresh variables, and their checkpoints in one directory."""

    def checkpoints() -> Checkpoints:
        model = worlds.classifier(loaded_module)
        optimizer = keras.optimizers.SGD(0.1, momentum=0.9)
        optimizer.build(model.trainable_variables)
        made = Checkpoints(tmp_path / "run", model, optimizer, tf.Variable(0, dtype=tf.int64))
        made.model, made.optimizer = model, optimizer
        return made

    return checkpoints


def test_all_is_as_it_was(make):
    first = make()
    first.model.kernels["label"].assign(np.eye(3))
    first.optimizer.apply([tf.ones([3, 3]), tf.ones([3])], first.model.trainable_variables)
    first.global_step.assign(7)
    path = first.save()
    again = make()
    assert again.latest() == path
    again.restore(path)
    assert int(again.global_step) == 7
    for one, other in zip(first.optimizer.variables, again.optimizer.variables, strict=True):
        np.testing.assert_array_equal(one, other)
    for one, other in zip(first.model.variables, again.model.variables, strict=True):
        np.testing.assert_array_equal(one, other)


def test_an_empty_directory_has_none_and_is_not_made(make, tmp_path):
    checkpoints = make()
    assert checkpoints.latest() is None
    checkpoints.restore(None)
    assert not (tmp_path / "run").exists()


def test_what_is_current_is_not_read_again_unless_it_was_left(make):
    checkpoints = make()
    path = checkpoints.save()
    checkpoints.global_step.assign(3)
    checkpoints.restore(path)
    assert int(checkpoints.global_step) == 3
    checkpoints.leave()
    checkpoints.restore(path)
    assert int(checkpoints.global_step) == 0


def test_the_newest_are_kept_also_over_several_processes(make, tmp_path):
    for step in range(KEPT + 2):
        checkpoints = make()
        checkpoints.global_step.assign(step)
        checkpoints.save()
    kept = {name for name in os.listdir(tmp_path / "run") if name.endswith(".index")}
    assert kept == {f"ckpt-{step}.index" for step in range(2, KEPT + 2)}


def test_a_checkpoint_of_another_model_is_refused(make, loaded_module, tmp_path):
    make().save()
    optimizer = keras.optimizers.SGD(0.1)
    other = worlds.ImageClassifier(loaded_module, {"label": worlds.SoftmaxHead(["a", "b"])})
    optimizer.build(other.trainable_variables)
    checkpoints = Checkpoints(tmp_path / "run", other, optimizer, tf.Variable(0, dtype=tf.int64))
    with pytest.raises(ValueError, match="shape"):
        checkpoints.restore(checkpoints.latest())
