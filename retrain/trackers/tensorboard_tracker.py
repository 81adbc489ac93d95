"""Adds beside the events of a run, which are its curves, what TensorBoard's tab HPARAMS compares runs by.

TensorBoard has no place for files: the text of the tab TEXT says where the report and the exports are.
"""

import tensorflow as tf
from tensorboard.plugins.hparams import api

from retrain.trackers.tracked_run import TrackedRun

HPARAMS = "hparams"  # in the directory of the run


def record(run: TrackedRun) -> str:
    """Flags as hyperparameters, figures as scalars, report and exports as text."""
    writer = tf.summary.create_file_writer(str(run.directory / HPARAMS))
    with writer.as_default():
        api.hparams(dict(run.flags), trial_id=run.name)
        for name, value in run.figures.items():
            tf.summary.scalar(name, value, step=0)
        places = [*run.files, *run.exports.values()]
        tf.summary.text("files", "\n".join(f"- `{place}`" for place in places), step=0)
    writer.close()
    return f"tensorboard --logdir={run.directory}"
