import numpy as np
import pytest

from retrain import files
from retrain.commands.train.evaluator import evaluate_checkpoints
from retrain.commands.train.prepare import prepare
from retrain.commands.train.run import train_model
from retrain.errors import InputError, LostWorkerError
from retrain.runs.run import EXPORTS, METRICS
from retrain.settings.values import Quantity
from retrain.training.events import read_events
from tests.commands.worlds import train_plan

FINE_TUNE = {
    "fine_tune": True,
    "augment": "none",
    "max_steps": 4,
    "batch_size": 4,
    "calibrate": False,
    "eval_every": Quantity(2),
    "feature_cache": "none",
    "worker_timeout": 0.01,
}


def planned(colour_folder, averaging_module, directory, **settings):
    return train_plan(
        directory, image_dir=colour_folder, tfhub_module=averaging_module, **{**FINE_TUNE, **settings}
    )


def no_wait(seconds: float) -> None:
    """Whoever waits has looked."""


def test_each_checkpoint_is_evaluated_up_to_the_end_of_the_run(colour_folder, averaging_module, tmp_path):
    plan = planned(colour_folder, averaging_module, tmp_path / "run")
    train_model(plan, prepare(plan))

    def end(seconds: float) -> None:
        for name in (METRICS, EXPORTS):
            files.write_text(plan.run.path / name, "{}")

    evaluate_checkpoints(plan, end)
    events = read_events(plan.run.path)
    assert events["evaluator"]["loss"].steps.tolist() == [0, 2, 4]
    for tag in ("loss", "accuracy"):
        expected = events["validation"][tag].values
        np.testing.assert_allclose(events["evaluator"][tag].values, expected, atol=1e-6)


def test_where_no_checkpoint_comes_it_ends(colour_folder, averaging_module, tmp_path):
    plan = planned(colour_folder, averaging_module, tmp_path / "run")
    with pytest.raises(LostWorkerError) as raised:
        evaluate_checkpoints(plan, no_wait)
    assert str(raised.value) == (
        f"No checkpoint has come to '{tmp_path}/run' within --worker_timeout=0.01 seconds: see whether the "
        f"chief is at work, and start this evaluator again."
    )


def test_it_needs_validation_images(colour_folder, averaging_module, tmp_path):
    plan = planned(colour_folder, averaging_module, tmp_path / "run", validation_percentage=0.0)
    train_model(plan, prepare(plan))
    with pytest.raises(InputError, match=r"evaluates the validation images, but .*run' keeps none: start"):
        evaluate_checkpoints(plan, no_wait)
