import errno
import os
import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from absl import logging

from retrain import files
from retrain.errors import InputError
from retrain.training.checkpoints import KEPT, Checkpoints
from retrain.training.run_state import RunState
from tests.training import worlds
from tests.workers.together import together


@pytest.fixture
def make(loaded_module, tmp_path):
    """Fresh variables, and their checkpoints in one directory."""

    def checkpoints() -> Checkpoints:
        model = worlds.classifier(loaded_module)
        optimizer = keras.optimizers.SGD(0.1, momentum=0.9)
        optimizer.build(model.trainable_variables)
        made = Checkpoints(tmp_path / "run", model, optimizer, RunState())
        made.model, made.optimizer = model, optimizer
        return made

    return checkpoints


def names(directory: pathlib.Path) -> set[str]:
    return set(os.listdir(directory))


def test_all_is_as_it_was(make):
    first = make()
    first.model.kernels["label"].assign(np.eye(3))
    first.optimizer.apply([tf.ones([3, 3]), tf.ones([3])], first.model.trainable_variables)
    first.run_state.global_step.assign(7)
    path = first.save()
    again = make()
    assert again.latest() == path
    again.restore(path)
    assert int(again.run_state.global_step) == 7
    for one, other in zip(first.optimizer.variables, again.optimizer.variables, strict=True):
        np.testing.assert_array_equal(one, other)
    for one, other in zip(first.model.variables, again.model.variables, strict=True):
        np.testing.assert_array_equal(one, other)


def test_an_empty_directory_has_none_and_is_not_made(make, tmp_path):
    checkpoints = make()
    assert checkpoints.latest() is None
    checkpoints.restore(None)
    assert not (tmp_path / "run").exists()


def test_what_is_current_is_not_read_again_unless_it_was_detached(make):
    checkpoints = make()
    path = checkpoints.save()
    checkpoints.run_state.global_step.assign(3)
    checkpoints.restore(path)
    assert int(checkpoints.run_state.global_step) == 3
    checkpoints.detach()
    checkpoints.restore(path)
    assert int(checkpoints.run_state.global_step) == 0


def test_the_newest_are_kept_also_over_several_processes(make, tmp_path):
    for step in range(KEPT + 2):
        checkpoints = make()
        checkpoints.run_state.global_step.assign(step)
        checkpoints.save()
    assert names(tmp_path / "run") == {"checkpoint", *(f"ckpt-{step}" for step in range(2, KEPT + 2))}


def test_the_best_is_kept_apart_from_the_newest(make, tmp_path):
    checkpoints = make()
    assert checkpoints.best() is None
    paths = []
    for step in range(KEPT + 3):
        checkpoints.run_state.global_step.assign(step)
        checkpoints.run_state.best_step.assign(min(step, 1))
        paths.append(checkpoints.save())
    assert names(tmp_path / "run") == {
        *("checkpoint", "ckpt-1"),
        *(f"ckpt-{step}" for step in range(3, KEPT + 3)),
    }
    assert (checkpoints.best(), checkpoints.latest()) == (paths[1], paths[-1])
    again = make()
    again.restore(again.latest())
    assert again.best() == paths[1]


def test_that_of_the_last_evaluation_is_kept_too(make, tmp_path):
    checkpoints = make()
    assert checkpoints.evaluated() is None
    for step in range(KEPT + 1):
        checkpoints.run_state.global_step.assign(step)
        checkpoints.run_state.evaluated_step.assign(0)
        checkpoints.save()
    assert checkpoints.evaluated() == str(tmp_path / "run" / "ckpt-0" / "variables")
    assert len(names(tmp_path / "run")) == 1 + 1 + KEPT


def test_a_checkpoint_is_found_and_read_with_tensorflow_alone(make, tmp_path):
    checkpoints = make()
    checkpoints.run_state.global_step.assign(12)
    path = checkpoints.save()
    assert path == str(tmp_path / "run" / "ckpt-12" / "variables")
    assert tf.train.latest_checkpoint(str(tmp_path / "run")) == path
    key = "run_state/global_step/.ATTRIBUTES/VARIABLE_VALUE"
    assert tf.train.load_checkpoint(path).get_tensor(key) == 12


def test_the_hashes_are_those_that_sha256sum_would_write(make):
    place = pathlib.Path(make().save()).parent
    lines = (place / "SHA256SUMS").read_text().splitlines()
    assert [line[66:] for line in lines] == ["variables.data-00000-of-00001", "variables.index"]
    assert [line[:64] for line in lines] == [files.file_hash(place / line[66:]) for line in lines]


def cut(path: pathlib.Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flip(path: pathlib.Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("damage", [cut, flip, os.remove])
@pytest.mark.parametrize("name", ["variables.data-00000-of-00001", "variables.index", "SHA256SUMS"])
def test_of_a_damaged_checkpoint_the_one_before_is_used(make, tmp_path, monkeypatch, damage, name):
    warned = []
    monkeypatch.setattr(logging, "warning", lambda text, *values: warned.append(text % values))
    checkpoints = make()
    for step in (3, 6):
        checkpoints.run_state.global_step.assign(step)
        checkpoints.save()
    damage(tmp_path / "run" / "ckpt-6" / name)
    again = make()
    assert again.latest() == again.latest() == str(tmp_path / "run" / "ckpt-3" / "variables")
    assert warned == [
        f"The checkpoint {tmp_path / 'run' / 'ckpt-6'} is damaged or incomplete, and is not used."
    ]
    again.restore(again.latest())
    again.run_state.global_step.assign(5)
    again.save()  # of the same run as what is damaged, which therefore goes
    assert names(tmp_path / "run") == {"checkpoint", "ckpt-3", "ckpt-5"}


def test_a_training_that_was_set_back_keeps_no_later_checkpoints(make, tmp_path):
    checkpoints = make()
    for step in (3, 6, 9):
        checkpoints.run_state.global_step.assign(step)
        checkpoints.save()
    checkpoints.restore(str(tmp_path / "run" / "ckpt-6" / "variables"))
    checkpoints.run_state.rate_factor.assign(0.5)
    checkpoints.detach()
    path = checkpoints.save()
    assert names(tmp_path / "run") == {"checkpoint", "ckpt-3", "ckpt-6"}
    again = make()
    assert again.latest() == path
    again.restore(path)
    assert again.run_state.rate_factor.numpy() == 0.5


@pytest.mark.parametrize("replaced", [False, True])
def test_no_room_leaves_what_was_there_and_nothing_else(make, tmp_path, monkeypatch, replaced):
    checkpoints = make()
    path = checkpoints.save()
    checkpoints.run_state.global_step.assign(0 if replaced else 1)
    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(InputError, match="There is no room on the disk for"):
        checkpoints.save()
    assert names(tmp_path / "run") == {"checkpoint", "ckpt-0"}
    assert make().latest() == path


def full_disk(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_checkpoint_of_another_model_is_refused(make, loaded_module, tmp_path):
    make().save()
    optimizer = keras.optimizers.SGD(0.1)
    other = worlds.ImageClassifier(loaded_module, {"label": worlds.SoftmaxHead(["a", "b"])})
    optimizer.build(other.trainable_variables)
    checkpoints = Checkpoints(tmp_path / "run", other, optimizer, RunState())
    assert refused(checkpoints, checkpoints.latest()) == (
        f"'{tmp_path}/run/ckpt-0/variables' is a checkpoint of another model or optimizer: give the ones "
        f"that it was trained with, or another model_dir."
    )


def test_what_is_no_checkpoint(make, tmp_path):
    checkpoints = make()
    checkpoints.save()
    for path in ("nowhere", tmp_path / "run" / "ckpt-0"):
        assert refused(make(), path) == (
            f"'{path}' is no checkpoint: latest_checkpoint() gives the path of the newest, of the form "
            f"model_dir/ckpt-STEP/variables."
        )


def refused(checkpoints: Checkpoints, path) -> str:
    with pytest.raises(InputError) as info:
        checkpoints.restore(path)
    return str(info.value)


def test_of_workers_the_chief_alone_writes_and_all_take_its_values(loaded_module, tmp_path):
    def work(worker):
        directory = tmp_path / f"of {worker.index}"  # that of the others is never looked at
        model, optimizer = worlds.classifier(loaded_module), keras.optimizers.SGD(0.1, momentum=0.9)
        optimizer.build(model.trainable_variables)
        state = RunState()
        checkpoints = Checkpoints(directory, model, optimizer, state, worker)
        assert checkpoints.latest() is None
        model.biases["label"].assign(np.full(3, worker.index + 1.0))
        state.global_step.assign(4)
        path = checkpoints.save()
        checkpoints.detach()
        model.biases["label"].assign(np.zeros(3))
        state.global_step.assign(0)
        assert checkpoints.latest() == path
        checkpoints.restore(path)
        return model.biases["label"].numpy().tolist(), int(state.global_step), directory.is_dir()

    assert together(2, work) == [([1.0] * 3, 4, True), ([1.0] * 3, 4, False)]
