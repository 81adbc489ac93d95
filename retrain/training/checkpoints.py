"""The checkpoints of one training, in one directory: its model, its optimizer and its step.

The step is the input position, too: `Estimator.train` goes on with the batch that comes after it.
"""

import os
import pathlib

import keras
import tensorflow as tf

from retrain.model import ImageClassifier

KEPT = 5


class Checkpoints:
    """Saves and restores; what lies in the directory already belongs to it."""

    def __init__(
        self,
        directory: str | os.PathLike[str],
        model: ImageClassifier,
        optimizer: keras.optimizers.Optimizer,
        global_step: tf.Variable,
    ):
        self.directory = pathlib.Path(directory)
        self.global_step = global_step
        self._checkpoint = tf.train.Checkpoint(model=model, optimizer=optimizer, global_step=global_step)
        self._manager = tf.train.CheckpointManager(self._checkpoint, str(directory), KEPT)
        self._current: str | None = None

    def latest(self) -> str | None:
        """The path prefix of the newest checkpoint, of whatever process, or None."""
        return tf.train.latest_checkpoint(str(self.directory))

    def save(self) -> str:
        """Saves the variables as they are, and returns the checkpoint's path prefix."""
        self._current = self._manager.save(int(self.global_step.numpy()))
        return self._current

    def restore(self, path: str | None) -> None:
        """Gives the variables the values of a checkpoint, unless they have them; None leaves them alone."""
        if path is not None and path != self._current:
            self._checkpoint.restore(path).assert_existing_objects_matched()
            self._current = path

    def leave(self) -> None:
        """The variables are about to change: until the next `save` they are those of no checkpoint."""
        self._current = None
