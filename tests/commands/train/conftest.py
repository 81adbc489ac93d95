"""A training of the colours, as far as it is the same for many tests; read it, never change it."""

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
