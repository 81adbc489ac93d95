"""A training of the colours, as far as it is the same for many tests; read it, never change it."""

import pathlib

import pytest

from retrain.commands.train.check import TrainPlan
from tests.commands.worlds import train_plan


@pytest.fixture(scope="session")
def colour_plan(
    colour_folder: str, averaging_module: str, tmp_path_factory: pytest.TempPathFactory
) -> TrainPlan:
    """Frozen, one candidate; its directory is not there."""
    run = tmp_path_factory.mktemp("colour_plan") / "run"
    return train_plan(run, image_dir=colour_folder, tfhub_module=averaging_module)


@pytest.fixture(scope="session")
def prepared_colours(colour_plan: TrainPlan):
    """What the plan's heads are trained on."""
    from retrain.commands.train.prepare import prepare

    return prepare(colour_plan)


@pytest.fixture(scope="session")
def tuned_run(tmp_path_factory: pytest.TempPathFactory, colour_folder: str) -> pathlib.Path:
    """A fine-tuned run, whose base is no longer that of ../module; read it, never change it."""
    from retrain.__main__ import main
    from tests import tiny_worlds

    directory = tmp_path_factory.mktemp("tuned")
    module, run = tiny_worlds.averaging_module(directory / "module"), directory / "run"
    flags = [f"--image_dir={colour_folder}", f"--tfhub_module={module}", f"--model_dir={run}", "--fine_tune"]
    tuned = ["--max_steps=4", "--eval_every=2", "--learning_rate=0.001", "--augment=none", "--batch_size=4"]
    assert main(["retrain", *flags, *tuned]) == 0
    return run
