"""Two processes on loopback give what one gives. Four, and what is killed: tests/benchmarks/workers.py."""

import json
import os
import pathlib
import socket
import subprocess
import sys

import numpy as np

from retrain.training.events import read_events
from tests.benchmarks.one_of_workers import train

ROOT = pathlib.Path(__file__).parents[2]
FLAGS = [
    *("--fine_tune", "--max_steps=6", "--eval_every=3", "--batch_size=5", "--learning_rate=0.05"),
    *("--l2_regularizer=0.001", "--augment=none", "--dropout_rate=0.5", "--feature_cache=none"),
    *("--early_stopping_metric=accuracy", "--worker_timeout=100"),
]


def test_two_workers_give_the_result_of_one_process(colour_folder, averaging_module, tmp_path):
    """Nothing is shared but the chief's directory: features and facts come over by collectives."""
    flags = [f"--image_dir={colour_folder}", f"--tfhub_module={averaging_module}", *FLAGS]
    workers = _started(tmp_path, [*flags, f"--model_dir={tmp_path}/two"])
    alone = train([*flags, f"--model_dir={tmp_path}/one"])
    assert [worker.wait() for worker in workers] == [0, 0]
    found = [np.load(tmp_path / f"{number}.npz") for number in range(2)]
    for name, expected in alone.items():
        for values in found:
            if name.isdigit():  # of the trained classifier
                np.testing.assert_allclose(values[name], expected, atol=1e-5)
            else:
                np.testing.assert_array_equal(values[name], expected)
    for name in alone:
        np.testing.assert_array_equal(found[0][name], found[1][name])
    curves = [read_events(tmp_path / name)["validation"]["loss"] for name in ("one", "two")]
    assert curves[0].steps.tolist() == curves[1].steps.tolist() == [0, 3, 6]
    np.testing.assert_allclose(curves[0].values, curves[1].values, atol=1e-3)


def _started(directory: pathlib.Path, flags: list[str]) -> list[subprocess.Popen]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        addresses = [f"127.0.0.1:{taken.getsockname()[1]}" for taken in (one, other)]
    command = [sys.executable, "-m", "tests.benchmarks.one_of_workers", str(directory), *flags]
    return [
        subprocess.Popen(command, cwd=ROOT, env={**os.environ, "NUMBER": str(number), "TF_CONFIG": config})
        for number, config in enumerate(
            json.dumps({"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}})
            for index in range(2)
        )
    ]
