"""The checkpoints of one training, in one directory: its model, its optimizer and the state of the run.

A checkpoint is a directory `ckpt-STEP` with the files of a tf.train.Checkpoint under the prefix `variables`,
and their hashes in SHA256SUMS as sha256sum writes them. It is written beside and renamed, so one with that
name is whole, unless the disk has damaged it since: then the hashes tell, and the one before is used. A path
of a checkpoint is the prefix that tf.train.load_checkpoint takes; `checkpoint` is the file in which
tf.train.latest_checkpoint looks.

The step is the input position, too: `Estimator.train` goes on with the batch that comes after it.

Of workers that train together the chief alone writes and reads; the others have its word, and its values.
"""

import os
import pathlib
import re
import shutil
import tempfile
from collections.abc import Iterable

import keras
import tensorflow as tf
from absl import logging

from retrain import files
from retrain.errors import InputError
from retrain.model import ImageClassifier
from retrain.training.run_state import NO_STEP, RunState
from retrain.workers.workers import ALONE, Workers

KEPT = 5
ON_READ = tf.VariableSynchronization.ON_READ
NAME, PREFIX, HASHES = re.compile(r"ckpt-(\d+)"), "variables", "SHA256SUMS"


class Checkpoints:
    """Saves and restores; what lies in the directory already belongs to it."""

    def __init__(
        self,
        directory: str | os.PathLike[str],
        model: ImageClassifier,
        optimizer: keras.optimizers.Optimizer,
        run_state: RunState,
        workers: Workers = ALONE,
    ):
        self.directory = pathlib.Path(directory)
        self.run_state, self.workers = run_state, workers
        self._variables = [*model.variables, *_of(optimizer), *run_state.variables]
        self._checkpoint = tf.train.Checkpoint(model=model, optimizer=optimizer, run_state=run_state)
        self._current: str | None = None
        self._known: dict[str, bool] = {}  # path prefix -> whether it is sound; what was written here is

    def latest(self) -> str | None:
        """The path of the newest checkpoint that is sound, of whatever process, or None."""
        return self._chiefs(reversed(self._steps()))

    def best(self) -> str | None:
        """The path of the checkpoint of `best_step`, or None where there is none."""
        return self._at(self.run_state.best_step)

    def evaluated(self) -> str | None:
        """The path of the checkpoint of `evaluated_step`, or None where there is none."""
        return self._at(self.run_state.evaluated_step)

    def save(self) -> str:
        """Saves the variables as they are, and returns the checkpoint's path.

        It becomes the newest: those of later steps are of a training that was set back, and go. The last few,
        the best one and that of the last evaluation are kept.
        """
        step = int(self.run_state.global_step.numpy())
        self._current = self._path(step)
        if self.workers.is_chief:
            self._write(step)
        elif any(variable.synchronization == ON_READ for variable in self._variables):
            # Such a one is the mean over all workers, who compute it together, whenever it is read.
            with tempfile.TemporaryDirectory() as unused:
                self._checkpoint.write(os.path.join(unused, PREFIX))
        return self._current

    def restore(self, path: str | None) -> None:
        """Gives the variables the values of a checkpoint, unless they have them; None changes nothing."""
        if path is not None and path != self._current:
            if self.workers.is_chief:
                self._read(path)
            self.workers.take_chiefs(self._variables)
            self._current = path

    def detach(self) -> None:
        """The variables are about to change: until the next `save` they are those of no checkpoint."""
        self._current = None

    def _read(self, path: str | os.PathLike[str]) -> None:
        try:
            self._checkpoint.read(path).assert_existing_objects_matched()
        except (tf.errors.NotFoundError, tf.errors.DataLossError) as error:
            raise InputError(
                f"{os.fspath(path)!r} is no checkpoint: latest_checkpoint() gives the path of the newest, of "
                f"the form model_dir/ckpt-STEP/{PREFIX}."
            ) from error
        except (AssertionError, ValueError) as error:
            raise InputError(
                f"{os.fspath(path)!r} is a checkpoint of another model or optimizer: give the ones that it "
                f"was trained with, or another model_dir."
            ) from error

    def _write(self, step: int) -> None:
        with files.replaced_directory(self._place(step)) as partial:
            self._checkpoint.write(os.path.join(partial, PREFIX))
            files.write_text(os.path.join(partial, HASHES), _hashes(pathlib.Path(partial)))
        self._known[self._path(step)] = True
        self._rotate(step)
        self._write_state(step)

    def _place(self, step: int) -> pathlib.Path:
        return self.directory / f"ckpt-{step}"

    def _path(self, step: int) -> str:
        return str(self._place(step) / PREFIX)

    def _chiefs(self, steps: Iterable[int]) -> str | None:
        """The path of the first of these checkpoints that is sound, as the chief sees it, or None."""
        found = NO_STEP
        if self.workers.is_chief:
            found = next((step for step in steps if self._is_sound(step)), NO_STEP)
        found = self.workers.chiefs_number(found)
        return None if found == NO_STEP else self._path(found)

    def _steps(self) -> list[int]:
        names = os.listdir(self.directory) if self.directory.is_dir() else []
        return sorted(int(match[1]) for name in names if (match := NAME.fullmatch(name)))

    def _at(self, step: tf.Variable) -> str | None:
        wanted = int(step.numpy())
        return self._chiefs([wanted] if wanted in self._steps() else [])

    def _is_sound(self, step: int) -> bool:
        """Whether a checkpoint is whole; a warning where it is damaged."""
        place, path = self._place(step), self._path(step)
        if path not in self._known:
            self._known[path] = _is_sound(place)
            if not self._known[path]:
                logging.warning("The checkpoint %s is damaged or incomplete, and is not used.", place)
        return self._known[path]

    def _rotate(self, newest: int) -> None:
        earlier = [step for step in self._steps() if step <= newest]
        marked = (self.run_state.best_step, self.run_state.evaluated_step)
        kept = {*earlier[-KEPT:], *(int(step.numpy()) for step in marked)}
        for step in self._steps():
            if step not in kept or step > newest:
                shutil.rmtree(self._place(step))

    def _write_state(self, newest: int) -> None:
        """The file by which TensorFlow knows the checkpoints of a directory, a CheckpointState as text."""
        lines = [f'model_checkpoint_path: "ckpt-{newest}/{PREFIX}"']
        lines += [f'all_model_checkpoint_paths: "ckpt-{step}/{PREFIX}"' for step in self._steps()]
        files.write_text(self.directory / "checkpoint", "\n".join(lines) + "\n")


def _of(optimizer: keras.optimizers.Optimizer) -> list[tf.Variable]:
    """TensorFlow's variables behind Keras' own."""
    return [variable.value for variable in optimizer.variables]


def _hashes(directory: pathlib.Path) -> str:
    names = sorted(path.name for path in directory.iterdir() if path.name != HASHES)
    return "".join(f"{files.file_hash(directory / name)}  {name}\n" for name in names)


def _is_sound(directory: pathlib.Path) -> bool:
    """Whether the files that were written are there, with the content that was written."""
    try:
        return (directory / HASHES).read_text("utf-8") == _hashes(directory)
    except (OSError, ValueError):
        return False
