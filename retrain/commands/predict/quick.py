"""Prediction in a second: an export that has a TFLite file beside it is run by LiteRT, without TensorFlow.

The probabilities are those of TensorFlow to 1e-5. Where one of the images is such that only TensorFlow
decodes it as training did, it predicts all of them. What gives no image is left out without it.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import pandas as pd
from absl import logging

from retrain.commands.predict.check import PredictPlan
from retrain.commands.predict.rows import Familiarity, answer_columns, tell, tell_skipped, write
from retrain.commands.predict.sorting import classes_of, sort_images
from retrain.commands.predict.unfinished import forget
from retrain.data.decoded_pixels import UnusualImageError, load_pixels
from retrain.data.no_image import NoImageError
from retrain.exporters.assets import described_decoding, described_familiarity
from retrain.exporters.beside import answering_heads
from retrain.exporters.litert import LiteRtModel
from retrain.heads.answers import Answers
from retrain.quiet import quietly_named
from retrain.settings.data import Decoding

AT_A_TIME = 64
FULL_RUN = "retrain.commands.predict.run:run"


class Answered(NamedTuple):
    """Some of the images by their row, and what the model makes of them: probabilities [N, C] by task."""

    rows: Sequence[int]
    probabilities: Mapping[str, np.ndarray]
    familiarity: Familiarity | None


def run(plan: PredictPlan) -> None:
    """Writes path and prediction of each image, for each task, to --output or the terminal."""
    heads, skipped = answering_heads(plan.litert), {}
    try:
        answered = [*_answered(plan, heads, skipped)]
    except UnusualImageError as error:
        logging.info("TensorFlow decodes the images, for one is unusual: %s.", error)
        quietly_named(FULL_RUN)(plan)
        return
    tell_skipped(plan.paths, skipped)
    if plan.config.results.sort_into is not None:
        _sort(plan, heads, answered)
    write(plan, (_block(plan, heads, some) for some in answered))
    if plan.output is not None:
        forget(plan.output)
    tell(plan, len(plan.paths) - len(skipped))


def _answered(plan: PredictPlan, heads: Mapping[str, Answers], skipped: dict[int, str]) -> Iterator[Answered]:
    """What is made of the images, and into `skipped` why others are none.

    UnusualImageError for an image that has to be decoded elsewhere.
    """
    model = LiteRtModel(plan.litert)
    decoding = described_decoding(plan.litert, plan.config.data.max_image_megapixels)
    told = described_familiarity(plan.litert)
    threshold = None if told is None else told.threshold
    for begin in range(0, len(plan.paths), AT_A_TIME):
        images, none = _loaded(plan, begin, model.image_size, decoding)
        skipped |= none
        if images:
            found = model(np.stack([*images.values()]))
            probabilities = {task: found[task if len(heads) > 1 else "default"] for task in heads}
            familiarity = None if threshold is None else Familiarity(found["familiarity"], threshold)
            yield Answered([*images], probabilities, familiarity)


def _block(plan: PredictPlan, heads: Mapping[str, Answers], some: Answered) -> pd.DataFrame:
    """Their rows of the table."""
    columns = answer_columns(heads, some.probabilities, some.familiarity, plan.config.results)
    return pd.DataFrame({"path": [plan.paths[row] for row in some.rows], **columns})


def _sort(plan: PredictPlan, heads: Mapping[str, Answers], answered: Sequence[Answered]) -> None:
    """By the first task."""
    (task, head), rejects = next(iter(heads.items())), plan.config.results.reject_unfamiliar
    files, labels = [], []
    for some in answered:
        files += [os.path.join(plan.image_dir, plan.paths[row]) for row in some.rows]
        rejected = some.familiarity.is_below if rejects else np.zeros(len(some.rows), bool)
        labels += classes_of(head, some.probabilities[task], rejected)
    sort_images(plan, files, labels, head.class_names)


def _loaded(
    plan: PredictPlan, begin: int, image_size: tuple[int, int], decoding: Decoding
) -> tuple[dict[int, np.ndarray], dict[int, str]]:
    """The next images by row, float32 [h, w, 3] in [0, 1]; and of the other rows why they have none."""

    def load(path: str) -> np.ndarray | str:
        try:
            return load_pixels(os.path.join(plan.image_dir, path), image_size, decoding)
        except NoImageError as error:
            return str(error)

    with ThreadPoolExecutor(os.cpu_count()) as workers:
        loaded = dict(enumerate(workers.map(load, plan.paths[begin : begin + AT_A_TIME]), begin))
    none = {row: found for row, found in loaded.items() if isinstance(found, str)}
    return {row: found for row, found in loaded.items() if row not in none}, none
