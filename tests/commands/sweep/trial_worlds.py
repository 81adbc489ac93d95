"""Examples with features made up by a test, and the plans of trials on them; no module is needed."""

from collections.abc import Mapping, Sequence

import numpy as np

from retrain.commands.data_plan import DataPlan
from retrain.commands.sweep.check import trial_config
from retrain.commands.train.check import TrainPlan
from retrain.commands.train.prepare import Prepared
from retrain.data.listing import SPLITS, Column, Listing
from retrain.examples.labelled import LabelledExamples, heads_of, labelled_examples
from retrain.heads.figures import metrics_of
from retrain.runs.run import Run
from retrain.settings.config import Config

KINDS = {"kind": "softmax", "tags": "sigmoid"}
# Of each split; the last two images of validation have no tags.
COUNTS = {"train": 24, "validation": 12, "test": 6}
USUAL = {"max_steps": 40, "l2_regularizer": 0.01}


def examples_of(tasks: Sequence[str], weights: Mapping[str, float]) -> LabelledExamples:
    """Two classes that features hardly tell apart, tags that they do; features [42, 3]."""
    splits = [split for split in SPLITS for _ in range(COUNTS[split])]
    random = np.random.default_rng(0)
    kinds = np.arange(len(splits)) % 2
    features = random.normal(size=[len(splits), 3]).astype(np.float32)
    features[:, 0] += kinds
    cells = {
        "kind": ["ab"[kind] for kind in kinds],
        "tags": ["x|y" if high else "x" for high in features[:, 1] > 0],
    }
    cells["tags"][34:36] = [None, None]
    listing = Listing(
        image_dir="photos",
        paths=[f"{at:02}.jpg" for at in range(len(splits))],
        columns={task: Column(cells[task], KINDS[task] == "sigmoid") for task in tasks},
        splits=splits,
        groups=[None] * len(splits),
        weights=[1.0] * len(splits),
        ignored={},
        class_folders=False,
    )
    heads = heads_of(listing, {task: KINDS[task] for task in tasks})
    return labelled_examples(listing, heads, weights).with_features(features)


def prepared_of(*tasks: str, **weights: float) -> Prepared:
    """What heads of these tasks are trained on."""
    return Prepared(None, examples_of(tasks, weights), None, None, {})


def trial_of(*tasks: str, **flags: object) -> TrainPlan:
    """The plan of a trial with these flags, of a single candidate where nothing else is said."""
    config = trial_config(Config.of(image_dir="photos"), {**USUAL, **flags})
    kinds = {task: KINDS[task] for task in tasks}
    data = DataPlan(config.data, None, kinds, {})
    return TrainPlan(config, data, next(iter(metrics_of(kinds).values())), None, None, Run("run"))
