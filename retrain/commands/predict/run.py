"""`python -m retrain predict`: what a classifier sees in images, a row each, or the features of a module.

Rows of the module's output are kept beside the table until it is whole: a command that was killed finds them,
and no more than a block of them is in memory.
"""

import contextlib
import dataclasses
import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from retrain.addresses import absolute, of_each
from retrain.commands.predict.check import PredictPlan
from retrain.commands.predict.rows import Familiarity, answer_columns, tell, tell_skipped, write
from retrain.commands.predict.sorting import classes_of, sort_images
from retrain.commands.predict.unfinished import forget, kept_beside
from retrain.commands.scoring import Scoring, load_features, load_scoring
from retrain.exporters.assets import check_tells_familiarity
from retrain.features.cache import FileKey
from retrain.features.feature_pass import FeaturePass, PassOptions, feature_pass, log_pass
from retrain.features.stored import Features, check_finite
from retrain.image_files import status
from retrain.settings.data import Decoding
from retrain.settings.results import ResultSettings

ROWS_AT_A_TIME = 1024


def run(plan: PredictPlan) -> None:
    """Writes path and prediction of each image, for each task, to --output or the terminal."""
    with _predicting(plan) as (count, blocks):
        write(plan, blocks)
    tell(plan, count)


def table(plan: PredictPlan) -> pd.DataFrame:
    """The same rows as one table; they are written, too, where --output names a file."""
    with _predicting(plan) as (_, blocks):
        every = list(blocks)
        if plan.output is not None:
            write(plan, iter(every))
    return pd.concat(every, ignore_index=True)


@contextlib.contextmanager
def _predicting(plan: PredictPlan) -> Iterator[tuple[int, Iterator[pd.DataFrame]]]:
    """Yields how many images there are, and the rows of the table, when images are sorted, if asked for."""
    settings, results = plan.config.module, plan.config.results
    scoring = load_features(settings) if results.features else load_scoring(settings, plan.published)
    if results.reject_unfamiliar:  # of an archive or a URL it is known only now
        check_tells_familiarity(scoring.threshold is not None, settings.tfhub_module)
    files = [os.path.join(plan.image_dir, path) for path in plan.paths]
    decoding = scoring.decoding._replace(max_megapixels=plan.config.data.max_image_megapixels)
    with _keeping(plan, decoding) as options:
        done = feature_pass(scoring.module, scoring.signature, of_each(_file_key, files), options)
        seen = _seen(plan, done)
        rows, paths = done.features[seen], [plan.paths[row] for row in seen]
        check_finite(rows, paths, scoring.module.handle)
        if results.sort_into is not None:
            _sort(plan, scoring, [files[row] for row in seen], rows)
        yield len(paths), _blocks(paths, rows, scoring, results)


@contextlib.contextmanager
def _keeping(plan: PredictPlan, decoding: Decoding) -> Iterator[PassOptions]:
    """Options that keep rows beside the table, until it is there."""
    if plan.output is None:
        yield PassOptions(decoding=decoding)
        return
    settings = dataclasses.replace(plan.config.module, feature_cache=str(kept_beside(plan.output)))
    try:
        yield PassOptions(settings, decoding=decoding, in_memory=0)
    except KeyboardInterrupt as interrupt:
        interrupt.add_note("The same command goes on where it was.")
        raise
    forget(plan.output)


def _seen(plan: PredictPlan, done: FeaturePass) -> np.ndarray:
    """The positions of the files that are images; what is none is told, and counted by its reason."""
    if len(plan.paths) > done.computed + len(done.skipped):
        log_pass(done)
    tell_skipped(plan.paths, done.skipped)
    return np.setdiff1d(np.arange(len(plan.paths)), [*done.skipped])


def _blocks(
    paths: list[str], rows: Features, scoring: Scoring, results: ResultSettings
) -> Iterator[pd.DataFrame]:
    """The rows of the table."""
    for begin in range(0, len(paths), ROWS_AT_A_TIME):
        part = slice(begin, begin + ROWS_AT_A_TIME)
        values = np.asarray(rows[part])
        columns = {"features": list(values)} if results.features else _columns(values, scoring, results)
        yield pd.DataFrame({"path": paths[part], **columns})


def _columns(values: np.ndarray, scoring: Scoring, results: ResultSettings) -> dict[str, Any]:
    """Of rows of the module's output what is predicted for each task, and how probable classes are."""
    familiarity, threshold = scoring.familiarity(values), scoring.threshold
    told = None if familiarity is None else Familiarity(familiarity, threshold)
    return answer_columns(scoring.heads, scoring.by_task(values), told, results)


def _sort(plan: PredictPlan, scoring: Scoring, files: list[str], rows: Features) -> None:
    """By the first task; a file of several classes goes to each of them, and one of none to none."""
    results = plan.config.results
    task, head = next(iter(scoring.heads.items()))
    labels: list[list[str]] = []
    for begin in range(0, len(files), ROWS_AT_A_TIME):
        values = np.asarray(rows[begin : begin + ROWS_AT_A_TIME])
        rejected = scoring.unfamiliar(values) & results.reject_unfamiliar
        labels += classes_of(head, scoring.by_task(values)[task], rejected)
    sort_images(plan, files, labels, head.class_names)


def _file_key(path: str) -> FileKey:
    """A file that is gone has no size; the pass says why it gives no image."""
    try:
        found = status(path)
    except OSError:
        return FileKey(absolute(path), 0, 0)
    return FileKey(absolute(path), found.size, found.mtime_ns)
