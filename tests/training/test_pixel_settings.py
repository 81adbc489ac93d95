"""The wiring of settings: each field that training on pixels takes changes what comes of a tiny training."""

import dataclasses
import pathlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pytest
import tensorflow as tf

from retrain.metric import LOSS, Metric
from retrain.modules.loading import load_module
from retrain.settings.pixels import PixelSettings
from retrain.settings.values import Quantity
from retrain.training.pixel_training import PixelTraining, pixel_estimator
from tests.training import worlds

# Steps are taken eagerly here, and what checks batches is no step.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Even though the `tf.config.experimental_run_functions_eagerly`:UserWarning"
)

# A figure that no evaluation has: no step is the best, and the model is that of the last one.
NO_FIGURE = Metric("nothing", "label", "nothing", higher_is_better=True)

# Field -> another value than in the plain training, and what of the outcome it must change.
OTHERS = {
    "learning_rate": (0.25, "weights"),
    "max_steps": (3, "weights"),
    "label_smoothing": (0.1, "weights"),
    "l1_regularizer": (0.1, "weights"),
    "l2_regularizer": (0.1, "weights"),
    "seed": (1, "weights"),
    "base_learning_rate_factor": (0.1, "weights"),
    "optimizer": ("adam", "weights"),
    "momentum": (0.5, "weights"),
    "weight_decay": (0.1, "weights"),
    "warmup_steps": (Quantity(0), "weights"),
    "gradient_clip_norm": (0.1, "weights"),
    "ema": (0.5, "weights"),
    "eval_every": (Quantity(1), "evaluations"),
    "early_stopping_patience": (1, "step"),
    "max_train_time": (1e-9, "step"),
    "save_checkpoints_steps": (1, "checkpoints"),
    "profile_steps": ((1, 2), "profiles"),
}
# The recipe takes them, by which the others are filled in; tests/training/test_recipe.py.
OF_RECIPE = {"train_epochs", "fine_tune"}
# The classifier takes them; tests/test_model.py.
OF_MODEL = {"dropout_rate", "fine_tune_from", "freeze_batch_norm"}
# They are of the batches, of the module in bfloat16, and of the command; the metric comes as a value.
OF_COMMAND = {"batch_size", "class_weights", "mixed_precision", "find_learning_rate", "early_stopping_metric"}


class Outcome(NamedTuple):
    """What came of a training, as far as settings say it."""

    weights: list[bytes]
    step: int
    evaluations: int
    checkpoints: list[str]
    profiles: int


@pytest.fixture(autouse=True, scope="module")
def eager_steps():
    """Four steps are sooner taken than compiled."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture
def train(averaging_module, tmp_path):
    """Trains base and head for a few steps."""

    def outcome(
        name: str = "plain",
        task_weights: Mapping[str, float] | None = None,
        metric: Metric = NO_FIGURE,
        **given: Any,
    ) -> Outcome:
        pixels = worlds.filled(**{"max_steps": 4, "eval_every": Quantity(2), **given})
        model = worlds.classifier(load_module(averaging_module), dropout_rate=0.25, train_base=True)
        model.kernels["label"].assign(np.eye(3))
        estimator = pixel_estimator(model, tmp_path / name, pixels, task_weights or {})
        PixelTraining(
            estimator, pixels, metric, positioned_images, worlds.image_batches, calibrate=True
        ).run()
        run = pathlib.Path(tmp_path / name)
        return Outcome(
            weights=[values.tobytes() for values in worlds.weights(model)],
            step=estimator.global_step,
            evaluations=int(estimator.loop.run_state.evaluations),
            checkpoints=sorted(path.name for path in run.glob("ckpt-*")),
            profiles=len(list(run.rglob("*.xplane.pb"))),
        )

    return outcome


def positioned_images(first_step: int):
    return worlds.endless_images().skip(first_step)


def test_every_field_has_its_stage():
    stages = [set(OTHERS), OF_RECIPE, OF_MODEL, OF_COMMAND]
    names = {field.name for field in dataclasses.fields(PixelSettings)}
    assert set.union(*stages) == names
    assert sum(map(len, stages)) == len(names)


@pytest.fixture(scope="module")
def plain_outcome() -> list[Outcome]:
    """That of the plain training, once it is known."""
    return []


@pytest.mark.parametrize("field", [*OTHERS, "task_weights"])
def test_each_setting_changes_the_outcome(train, plain_outcome, field):
    if not plain_outcome:
        plain_outcome.append(train())
    value, part = OTHERS.get(field, ({"label": 0.5}, "weights"))
    other = train("other", **{field: value})
    assert getattr(other, part) != getattr(plain_outcome[0], part)


def test_the_same_settings_have_the_same_outcome(train):
    assert train() == train("again")


def test_the_metric_says_which_step_is_taken(train):
    worst = LOSS._replace(higher_is_better=True)
    steps = [train(str(number), metric=metric).step for number, metric in enumerate((LOSS, worst))]
    assert steps[0] != steps[1]
