"""TensorBoard events, written without the tensorboard package, which TensorFlow no longer brings along.

tf.summary.scalar needs it; what it does is little, see tensorboard/plugins/scalar/summary_v2.py.
"""

import os
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

_SCALAR = tf.compat.v1.SummaryMetadata(
    plugin_data=tf.compat.v1.SummaryMetadata.PluginData(plugin_name="scalars"), data_class="DATA_CLASS_SCALAR"
)


def write_scalars(directory: str | os.PathLike[str], readings: Mapping[int, Mapping[str, float]]) -> None:
    """Adds an events file with readings by step to a directory."""
    writer = tf.summary.create_file_writer(str(directory))
    with writer.as_default():
        for step, values in readings.items():
            for tag, value in values.items():
                tf.summary.write(tag, tf.constant(value, tf.float32), step=step, metadata=_SCALAR)
    writer.close()


def write_figures(directory: str | os.PathLike[str], step: int, figures: Mapping[str, Any]) -> None:
    """Adds the numbers among the figures of an evaluation."""
    write_scalars(
        directory, {step: {key: value for key, value in figures.items() if isinstance(value, float)}}
    )
