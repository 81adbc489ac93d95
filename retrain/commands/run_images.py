"""The images of a training run with features and splits: decided now, or as a run that goes on has them."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from retrain.commands.data_report import check_trained, examined
from retrain.commands.image_features import image_features
from retrain.commands.inputs import Inputs
from retrain.commands.options import feature_cache_directory
from retrain.commands.recorded_examples import as_recorded, check_readable
from retrain.commands.tasks import Heads
from retrain.config import Config
from retrain.data.examples import TASK
from retrain.modules.image_module import ImageModule
from retrain.modules.signatures import IMAGE_FEATURE_VECTOR
from retrain.training.sketches import SketchBook


class RunImages(NamedTuple):
    """Examples with their split, features float32 [N, F] of the same rows, and what there is to be told.

    Attributes:
      left_out: a table (path, reason) of the images that are in neither.
      report: the facts of data_report.json; None when the run goes on, for they stand there already.
    """

    examples: pd.DataFrame
    features: np.ndarray
    left_out: pd.DataFrame
    report: dict[str, Any] | None


def run_images(
    config: Config,
    inputs: Inputs,
    module: ImageModule,
    heads: Heads,
    examples: pd.DataFrame,
    leaks: pd.DataFrame,
    book: SketchBook,
) -> RunImages:
    """Passes the images through the module once, and splits them; InputError when they cannot do."""
    run, listing = inputs.run_directory, inputs.listing
    recorded = as_recorded(run, examples)
    with book:
        examples, features, skipped = image_features(
            examples if recorded is None else recorded,
            listing.image_dir,
            module,
            IMAGE_FEATURE_VECTOR,
            feature_cache_directory(config),
            config.feature_engine,
            config.max_skipped_percentage,
            TASK if listing.columns is None else None,
            book,
        )
    left_out, report = pd.concat([skipped, leaks]), None
    if recorded is None:
        examples, report = examined(examples, left_out, book, listing, heads, config)
        check_trained(report)
    else:
        check_readable(run, skipped["path"].tolist())
    return RunImages(examples, features, left_out, report)
