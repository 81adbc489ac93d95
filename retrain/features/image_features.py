"""From a table of examples to their features: what train and evaluate do alike.

The rows of the table and of the features agree; images that gave none are in neither, but in `skipped`.
"""

import os
import time
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from absl import logging

from retrain.data.listing import TASK
from retrain.errors import InputError
from retrain.features.cache import FileKey
from retrain.features.feature_pass import FrozenFeatures, frozen_features
from retrain.features.sketches import SketchBook
from retrain.features.stored import Features, blocks
from retrain.modules.image_module import ImageModule


class ImageFeatures(NamedTuple):
    """Examples, features float32 [N, F] of the same rows, and a table (path, reason) of what was skipped."""

    examples: pd.DataFrame
    features: Features
    skipped: pd.DataFrame


def image_features(
    examples: pd.DataFrame,
    image_dir: str,
    module: ImageModule,
    signature: str,
    cache_directory: str | os.PathLike[str] | None,
    engine: str,
    max_skipped_percentage: float,
    class_column: str | None = TASK,
    book: SketchBook | None = None,
) -> ImageFeatures:
    """Passes every image through the module, once; InputError when too many are no images.

    Or when no image of a class in `class_column` is one. Sketches of the images go into `book`.
    """
    start = time.monotonic()
    files = file_keys(examples, image_dir)
    result = frozen_features(module, files, cache_directory, engine, signature, book)
    _log_pass(result, len(examples), time.monotonic() - start)
    kept, skipped = without_skipped(examples, result.skipped, max_skipped_percentage, class_column)
    features = result.features[kept.index] if len(skipped) else result.features
    _check_finite(features, kept, module.handle)
    return ImageFeatures(kept.reset_index(drop=True), features, skipped.reset_index(drop=True))


def without_skipped(
    examples: pd.DataFrame,
    reasons: Mapping[int, str],
    max_skipped_percentage: float,
    class_column: str | None = TASK,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Examples that are images, and a table (path, reason) of the others; `reasons` by position."""
    rows = list(reasons)
    skipped = examples.loc[rows, ["path"]].assign(reason=list(reasons.values()))
    kept = examples.drop(index=rows)
    _check_skipped(skipped, examples, max_skipped_percentage)
    if class_column is not None:
        _check_classes(skipped, examples, kept, class_column)
    return kept, skipped


def file_keys(examples: pd.DataFrame, image_dir: str) -> list[FileKey]:
    """By what each file is known, in the order of the examples."""
    root = os.path.abspath(image_dir)
    columns = (examples[name].tolist() for name in ("path", "size", "mtime_ns"))
    return [FileKey(os.path.join(root, path), *rest) for path, *rest in zip(*columns, strict=True)]


def _log_pass(result: FrozenFeatures, count: int, seconds: float) -> None:
    remembered = count - result.computed - len(result.skipped)
    logging.info(
        "Features: %d images computed (%s) in %.1f s, %d remembered, %d skipped.",
        *(result.computed, result.engine, seconds, remembered, len(result.skipped)),
    )


def _check_skipped(skipped: pd.DataFrame, examples: pd.DataFrame, max_skipped_percentage: float) -> None:
    percentage = 100.0 * len(skipped) / len(examples)
    if percentage > max_skipped_percentage:
        path, reason = skipped.iloc[0]
        raise InputError(
            f"{len(skipped)} of {len(examples)} images ({percentage:.1f} %) cannot be decoded, such as "
            f"{path!r} ({reason}), and --max_skipped_percentage allows {max_skipped_percentage:g} %: mend or "
            f"remove them, or allow more."
        )


def _check_classes(skipped: pd.DataFrame, examples: pd.DataFrame, kept: pd.DataFrame, column: str) -> None:
    empty = sorted(set(examples[column]) - set(kept[column]))
    if empty:
        path, reason = skipped[examples[column].loc[skipped.index] == empty[0]].iloc[0]
        raise InputError(
            f"No image of {', '.join(map(repr, empty))} can be decoded, such as {path!r} ({reason}): add "
            f"images, or remove the class."
        )


def _check_finite(features: Features, examples: pd.DataFrame, handle: str) -> None:
    finite = np.concatenate([np.isfinite(block).all(axis=1) for block in blocks(features)])
    if not finite.all():
        path = examples["path"].iloc[int(finite.argmin())]
        raise InputError(
            f"{handle!r} gives features that are no numbers (infinite or nan) for {np.sum(~finite)} images, "
            f"such as {path!r}: use another module, or remove them."
        )
