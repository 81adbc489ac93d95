"""An old program finds here what it finds with the genuine library: names, figures, files.

With the behaviour of TensorFlow 2 disabled, in a process of its own, and without.
"""

import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

import retrain.modules as hub
from tests.legacy import old_program

ROOT = pathlib.Path(__file__).parents[2]
CASES = [
    (name, way)
    for name in old_program.MODULES
    for way in old_program.WAYS
    if (name, way) != ("inference_only", "train")
]


@pytest.fixture(scope="module")
def directory(legacy_modules) -> pathlib.Path:
    """Where the old program has been run by both libraries."""
    directory = pathlib.Path(next(path for path in legacy_modules if path.endswith("/modules/ref"))).parents[
        1
    ]
    command = [sys.executable, old_program.__file__, "retrain.modules", str(directory)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-5000:]
    return directory


def figures(directory: pathlib.Path, library: str, name: str, way: str) -> dict[str, np.ndarray]:
    found = np.load(directory / f"programs_{library}.npz")
    prefix = f"{name}|{way}|"
    return {key.removeprefix(prefix): found[key] for key in found if key.startswith(prefix)}


def check(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    assert expected
    assert set(found) == set(expected)
    for key, value in expected.items():
        if value.dtype.kind == "U":
            assert found[key].tolist() == value.tolist(), key
        else:
            np.testing.assert_allclose(found[key], value, rtol=0, atol=1e-6, err_msg=key)
    np.testing.assert_array_equal(found["restored"], found["logits"])


@pytest.mark.parametrize(("name", "way"), CASES)
def test_with_the_behaviour_of_tensorflow_1(directory, name, way):
    check(figures(directory, "retrain.modules", name, way), figures(directory, "tensorflow_hub", name, way))


@pytest.mark.parametrize(("name", "way"), [("ref", "train"), ("resource", "frozen"), ("loop", "trainable")])
def test_in_a_graph_of_todays_tensorflow(directory, name, way):
    batches = np.load(directory / "images.npz")["small"][1:]
    tf.compat.v1.disable_control_flow_v2()
    try:
        found = old_program.run(hub, str(directory / "modules" / name), batches, way)
    finally:
        tf.compat.v1.enable_control_flow_v2()
    check(found, figures(directory, "tensorflow_hub", name, way))
