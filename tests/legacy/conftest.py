"""The genuine library: hub.Module of tensorflow-hub 0.15 on TensorFlow 2.15.1, in an environment of its own.

RETRAIN_LEGACY_PYTHON names the Python of a virtual environment (Python 3.11) with `tensorflow-cpu==2.15.1
tensorflow-hub==0.15.0 "numpy<2" "setuptools<82"`. Starting it takes 8 s, so each script runs once per
session, and one file (which --dist=loadfile gives to one process) holds all that is asked of it.
"""

import os
import pathlib
import subprocess
from collections.abc import Callable

import numpy as np
import pytest

HERE = pathlib.Path(__file__).parent
SHARED = pathlib.Path(__file__).parents[3] / "shared" / "modules"
PUBLISHED = [
    "mobilenet_v1_025_128/tf1_hub",
    "mobilenet_v1_025_128/tf1_hub_resource",
    "mobilenet_v2_100_224/tf1_hub",
]


@pytest.fixture(scope="session")
def run_legacy() -> Callable[..., None]:
    """Runs a script of this folder in the old environment."""
    python = os.environ.get("RETRAIN_LEGACY_PYTHON")
    if not python:
        pytest.skip(
            "RETRAIN_LEGACY_PYTHON does not name the Python with tensorflow-hub 0.15 on TensorFlow 2.15.1"
        )

    def run(script: str, *arguments: str) -> None:
        environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
        done = subprocess.run(
            [python, str(HERE / script), *arguments], env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr[-5000:]

    return run


@pytest.fixture(scope="session")
def legacy_modules(run_legacy, tmp_path_factory) -> dict[str, dict[str, np.ndarray]]:
    """Paths of TF1 Hub modules -> what the genuine library computes with them (see make_modules.py)."""
    directory = tmp_path_factory.mktemp("legacy")
    random = np.random.default_rng(0)
    batches = {"small": random.random((4, 5, 8, 6, 3), np.float32)}
    for name in PUBLISHED:
        if (SHARED / name).is_dir():
            side = int(name.partition("/")[0].rpartition("_")[2])
            batches[str(SHARED / name)] = random.random((4, 4, side, side, 3), np.float32)
    # savez makes files of the keys, which may not begin with "/" and end with ".npy".
    np.savez(directory / "images.npz", **batches)
    run_legacy("make_modules.py", str(directory))
    found: dict[str, dict[str, np.ndarray]] = {}
    for key, value in np.load(directory / "reference.npz").items():
        path, _, figure = key.partition("|")
        found.setdefault(path, {})[figure] = value
    for path in found:
        found[path]["batches"] = batches.get(path, batches["small"])
    return found
