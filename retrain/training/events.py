"""Figures by step as TensorBoard events, without the tensorboard package, which TensorFlow no longer brings.

tf.summary.scalar needs it; what it does is little, see tensorboard/plugins/scalar/summary_v2.py.
"""

import os
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from absl import logging

from retrain.causes import cause_of

EVENTS, TRAIN = "events", "train"


class Curve(NamedTuple):
    """Values by step: int [N], float [N]."""

    steps: np.ndarray
    values: np.ndarray


_SCALAR = tf.compat.v1.SummaryMetadata(
    plugin_data=tf.compat.v1.SummaryMetadata.PluginData(plugin_name="scalars"), data_class="DATA_CLASS_SCALAR"
)


class Events:
    """The events of a run: a directory for each split, and in it one file for each process that writes.

    Args:
      directory: of the run; they go to its folder `events`.
      are_written: whether they go anywhere: of workers, those of the chief do.
    """

    def __init__(self, directory: str | os.PathLike[str], are_written: bool = True):
        self._root, self._are_written = pathlib.Path(directory, EVENTS), are_written
        self._writers: dict[str, Any] = {}

    def directory(self, split: str) -> pathlib.Path:
        """Where those of a split are."""
        return self._root / split

    def write(self, split: str, by_step: Mapping[int, Mapping[str, Any]]) -> None:
        """Adds the numbers among these values, and has them on the disk when it returns.

        Where the system refuses that, a warning says so, and no more are written: curves are no result.
        """
        if not self._are_written:
            return
        try:
            self._write(split, by_step)
        except tf.errors.OpError as error:
            self._are_written = False
            logging.warning("Curves lack what follows, for events cannot be written: %s.", cause_of(error))

    def _write(self, split: str, by_step: Mapping[int, Mapping[str, Any]]) -> None:
        if split not in self._writers:
            self._writers[split] = tf.summary.create_file_writer(str(self.directory(split)))
        with self._writers[split].as_default():
            for step, values in by_step.items():
                for tag, value in values.items():
                    if isinstance(value, float):
                        tf.summary.write(tag, tf.constant(value, tf.float32), step=step, metadata=_SCALAR)
        self._writers[split].flush()


def read_events(directory: str | os.PathLike[str]) -> dict[str, dict[str, Curve]]:
    """split -> tag -> its values by step, of all files of a run; of a step that was repeated the last."""
    splits = sorted(path for path in pathlib.Path(directory, EVENTS).glob("*") if path.is_dir())
    return {path.name: _curves(path) for path in splits}


def _events(file: pathlib.Path) -> Iterator[tf.compat.v1.Event]:
    """Up to the first that is not whole: a full disk, or a kill, leaves such, and curves are no result."""
    try:
        for record in tf.data.TFRecordDataset(str(file)):
            yield tf.compat.v1.Event.FromString(record.numpy())
    except tf.errors.DataLossError:
        logging.warning("%s is damaged: the curves of the report lack what stands there.", file)


def _curves(directory: pathlib.Path) -> dict[str, Curve]:
    values: dict[str, dict[int, float]] = {}
    for file in sorted(directory.glob("events.out.tfevents.*")):
        for event in _events(file):
            for value in event.summary.value:
                values.setdefault(value.tag, {})[event.step] = float(tf.make_ndarray(value.tensor))
    return {
        tag: Curve(np.asarray(sorted(of)), np.asarray([of[step] for step in sorted(of)]))
        for tag, of in values.items()
    }
