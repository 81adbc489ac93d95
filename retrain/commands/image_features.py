"""From a folder's listing to a table of examples with features: what train and evaluate do alike.

The rows of the table and of the features agree; images that gave none are in neither, but in `skipped`.
"""

import os
import time
from typing import NamedTuple

import numpy as np
import pandas as pd
from absl import logging

from retrain.data.duplicates import drop_leaks
from retrain.data.examples import TASK, examples_table
from retrain.data.listing import Listing
from retrain.errors import InputError
from retrain.modules.image_module import ImageModule
from retrain.training.feature_cache import FileKey
from retrain.training.frozen_features import FrozenFeatures, frozen_features


class ImageFeatures(NamedTuple):
    """Examples, features float32 [N, F] of the same rows, and a table (path, reason) of what was skipped."""

    examples: pd.DataFrame
    features: np.ndarray
    skipped: pd.DataFrame


def image_features(
    listing: Listing,
    module: ImageModule,
    signature: str,
    cache_directory: str | os.PathLike[str] | None,
    engine: str,
    max_skipped_percentage: float,
) -> ImageFeatures:
    """Passes every image of the listing through the module, once; InputError when too many are no images."""
    examples = examples_table(listing)
    if listing.given_split:
        examples, leaks = drop_leaks(examples, listing.image_dir)
        for path, other in leaks:
            logging.warning("%r is left out of training: it has the content of %r.", path, other)
    files = _file_keys(examples, listing.image_dir)
    start = time.monotonic()
    result = frozen_features(module, files, cache_directory, engine, signature)
    _log_pass(result, len(files), time.monotonic() - start)
    skipped = pd.DataFrame(
        [(examples["path"].iloc[row], reason) for row, reason in result.skipped.items()],
        columns=["path", "reason"],
    )
    kept = np.setdiff1d(np.arange(len(examples)), list(result.skipped))
    remaining = examples.iloc[kept].reset_index(drop=True)
    _check_skipped(skipped, examples, remaining, max_skipped_percentage)
    return ImageFeatures(remaining, result.features[kept], skipped)


def _file_keys(examples: pd.DataFrame, image_dir: str) -> list[FileKey]:
    root = os.path.abspath(image_dir)
    columns = (examples[name].tolist() for name in ("path", "size", "mtime_ns"))
    return [FileKey(os.path.join(root, path), *rest) for path, *rest in zip(*columns, strict=True)]


def _log_pass(result: FrozenFeatures, count: int, seconds: float) -> None:
    remembered = count - result.computed - len(result.skipped)
    logging.info(
        "Features: %d images computed (%s) in %.1f s, %d remembered, %d skipped.",
        *(result.computed, result.engine, seconds, remembered, len(result.skipped)),
    )


def _check_skipped(
    skipped: pd.DataFrame, examples: pd.DataFrame, remaining: pd.DataFrame, max_skipped_percentage: float
) -> None:
    percentage = 100.0 * len(skipped) / len(examples)
    if percentage > max_skipped_percentage:
        first = skipped.iloc[0]
        raise InputError(
            f"{len(skipped)} of {len(examples)} images ({percentage:.1f} %) cannot be decoded, such as {first.path!r} "
            f"({first.reason}), and --max_skipped_percentage allows {max_skipped_percentage:g} %: mend or remove them, "
            f"or allow more."
        )
    empty = sorted(set(examples[TASK]) - set(remaining[TASK]))
    if empty:
        named = ", ".join(map(repr, empty))
        raise InputError(
            f"No image of {named} can be decoded, such as {skipped.path.iloc[0]!r} ({skipped.reason.iloc[0]}): "
            f"add images, or remove the class."
        )
