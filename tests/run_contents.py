"""What a run left, to compare two runs to the last bit: weights, optimizer, state, figures, predictions."""

import pathlib

import numpy as np
import tensorflow as tf

# What a run knows that is not the same twice: how long it took.
OF_TIME = "elapsed_seconds"


def checkpoint_variables(path: str) -> dict[str, bytes]:
    """The variables of a checkpoint, or of the newest one in a directory, but for what is of time."""
    reader = tf.train.load_checkpoint(path)
    names = set(reader.get_variable_to_shape_map()) - {"_CHECKPOINTABLE_OBJECT_GRAPH"}
    return {name: np.asarray(reader.get_tensor(name)).tobytes() for name in names if OF_TIME not in name}


def contents(run: pathlib.Path) -> dict[str, object]:
    """All that a finished run gives: two that are equal cannot be told apart by it."""
    names = ("metrics.json", "predictions.csv", "labels.txt", "run.flags", "examples.csv", "label_issues.csv")
    exported = tf.train.load_checkpoint(str(run / "export" / "saved_model" / "variables" / "variables"))
    shapes = exported.get_variable_to_shape_map()
    return {
        **{name: (run / name).read_bytes() for name in names},
        **{
            path.parent.name: checkpoint_variables(str(path)[: -len(".index")])
            for path in run.glob("ckpt-*/*.index")
        },
        "export": {
            name: np.asarray(exported.get_tensor(name)).tobytes()
            for name in shapes
            if "OBJECT_GRAPH" not in name
        },
    }
