import json
import pathlib

import pandas as pd
import pytest

FAST = ["--max_steps=40", "--export_formats=saved_model"]
SPACE = ["--sweep=learning_rate=0.05..2", "--sweep=dropout_rate=0,0.5", "--sweep=l2_regularizer=1e-4..1e-1"]


@pytest.fixture(scope="session")
def photos(colour_folder, averaging_module) -> list[str]:
    """The flags of a training that is over in a moment."""
    return [f"--image_dir={colour_folder}", f"--tfhub_module={averaging_module}", *FAST]


@pytest.fixture(scope="session")
def space() -> list[str]:
    """The flags of a space in which most trials are good."""
    return SPACE


@pytest.fixture(scope="session")
def swept(photos, space, tmp_path_factory) -> pathlib.Path:
    """The directory of a finished sweep of 6 trials; read it, never change it."""
    from retrain.__main__ import main

    run = tmp_path_factory.mktemp("swept") / "sweep"
    assert main(["retrain", "sweep", *photos, *space, "--trials=6", f"--model_dir={run}"]) == 0
    return run


@pytest.fixture(scope="session")
def trials():
    """sweep.csv of a run."""
    return lambda run: pd.read_csv(run / "sweep.csv", keep_default_na=False)


@pytest.fixture(scope="session")
def metrics():
    """metrics.json of a run."""
    return lambda run: json.loads((run / "metrics.json").read_text())
