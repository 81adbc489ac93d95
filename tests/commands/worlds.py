"""Plans of tiny worlds, as checks make them, and what an export looks like to a check."""

import json
import os
import pathlib
from collections.abc import Sequence

import numpy as np
from PIL import Image

from retrain import files
from retrain.commands.train.check import TrainPlan, check
from retrain.settings.config import Config
from tests import tiny_worlds
from tests.examples.test_near_duplicates import copy, picture

# One candidate of a few steps: enough for colours, and much faster than the grid of the recipe.
FAST = {"learning_rate": 0.5, "l2_regularizer": 1e-3, "max_steps": 20}
# Fine-tuning with augmentation, dropout and averages at work.
FINE_TUNE = [
    *("--fine_tune", "--max_steps=12", "--eval_every=4", "--batch_size=4", "--learning_rate=0.001"),
    *("--augment=light", "--dropout_rate=0.5", "--ema=0.9", "--early_stopping_patience=9"),
]


def train_plan(run: str | os.PathLike[str], **settings: object) -> TrainPlan:
    """The plan of a fast training in this directory, unless the settings say otherwise."""
    return check(Config.of(**{"model_dir": str(run), **FAST, **settings}), [])


def described_export(directory: pathlib.Path, **classes: Sequence[str]) -> str:
    """What looks like an export of a classifier with these classes by task to whoever does not load it."""
    tasks = {task: {"head": "softmax", "classes": list(names)} for task, names in classes.items()}
    files.write_text(directory / "saved_model.pb", "")
    files.write_text(directory / "assets.extra" / "retrain.json", json.dumps({"tasks": tasks}))
    return str(directory)


def noisy_photos(directory: pathlib.Path, count: int = 24) -> str:
    """Noise of three tints, which takes more than a glance to tell apart."""
    for index in range(count):
        name = sorted(tiny_worlds.COLOURS)[index % 3]
        pixels = np.random.default_rng(index).integers(256, size=[9, 9, 3]) * 0.8
        pixels += 0.2 * np.array(tiny_worlds.COLOURS[name])
        path = directory / name / f"{index:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels.astype(np.uint8)).save(path)
    return str(directory)


def photos_with_a_copy(directory: pathlib.Path) -> pathlib.Path:
    """Two classes of 12 pictures, of which one was saved again in another size and format."""
    for index in range(24):
        path = directory / "ab"[index % 2] / f"{index:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture(index).save(path)
    copy(picture(2), 0).save(directory / "a" / "again.jpg", quality=80)
    return directory
