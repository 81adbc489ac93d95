"""Prediction in a second: an export that has a TFLite file beside it is run by LiteRT, without TensorFlow.

The probabilities are those of TensorFlow to 1e-5. Where one of the images is such that only TensorFlow
decodes it as training did, it predicts all of them.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
from absl import logging

from retrain.commands.predict.check import PredictPlan
from retrain.commands.predict.rows import Familiarity, answer_columns, tell, write
from retrain.data.decoded_pixels import UnusualImageError, load_pixels
from retrain.exporters.assets import described_background, described_familiarity
from retrain.exporters.beside import answering_heads
from retrain.exporters.litert import LiteRtModel
from retrain.quiet import quietly_named
from retrain.settings.data import Decoding

AT_A_TIME = 64
FULL_RUN = "retrain.commands.predict.run:run"


def run(plan: PredictPlan) -> None:
    """Writes path and prediction of each image, for each task, to --output or the terminal."""
    try:
        blocks = [*_blocks(plan)]
    except UnusualImageError as error:
        logging.info("TensorFlow decodes the images, for one is unusual: %s.", error)
        quietly_named(FULL_RUN)(plan)
        return
    write(plan, iter(blocks))
    tell(plan, len(plan.paths))


def _blocks(plan: PredictPlan) -> Iterator[pd.DataFrame]:
    """The rows of the table; UnusualImageError for an image that has to be decoded elsewhere."""
    model, heads = LiteRtModel(plan.litert), answering_heads(plan.litert)
    decoding = plan.config.data.decoding._replace(background=described_background(plan.litert))
    told = described_familiarity(plan.litert)
    threshold = None if told is None else told.threshold
    for begin in range(0, len(plan.paths), AT_A_TIME):
        paths = plan.paths[begin : begin + AT_A_TIME]
        found = model(_images(plan, paths, model.image_size, decoding))
        probabilities = {task: found[task if len(heads) > 1 else "default"] for task in heads}
        familiarity = None if threshold is None else Familiarity(found["familiarity"], threshold)
        columns = answer_columns(heads, probabilities, familiarity, plan.config.results)
        yield pd.DataFrame({"path": paths, **columns})


def _images(
    plan: PredictPlan, paths: tuple[str, ...], image_size: tuple[int, int], decoding: Decoding
) -> np.ndarray:
    """Float32 [N, H, W, 3] in [0, 1]."""

    def load(path: str) -> np.ndarray:
        return load_pixels(os.path.join(plan.image_dir, path), image_size, decoding)

    with ThreadPoolExecutor(os.cpu_count()) as workers:
        return np.stack([*workers.map(load, paths)])
