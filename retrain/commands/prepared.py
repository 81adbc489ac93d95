"""What is settled before a head is trained: module, tasks, examples in their splits, features."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from absl import logging

from retrain.commands.image_features import image_features
from retrain.commands.options import feature_cache_directory, module_options
from retrain.commands.task_flags import task_kinds
from retrain.commands.tasks import Heads, heads_of, join_labels, several_labels
from retrain.commands.training_examples import examples_without_leaks, split_examples
from retrain.commands.warm_start import warm_start
from retrain.config import Config
from retrain.data.examples import TASK
from retrain.data.listing import Listing
from retrain.modules.image_module import ImageModule
from retrain.modules.load import load_module
from retrain.modules.signatures import IMAGE_FEATURE_VECTOR
from retrain.training.head_trials import Start


class Prepared(NamedTuple):
    """Rows of `examples` and `features` agree; `skipped` is in neither; `start` is where heads begin."""

    module: ImageModule
    heads: Heads
    examples: pd.DataFrame
    features: np.ndarray
    skipped: pd.DataFrame
    start: Start | None


def prepare(config: Config, listing: Listing) -> Prepared:
    """Loads the module and passes every image through it, once."""
    module = load_module(config.tfhub_module, module_options(config))
    logging.info(
        "%s takes images of %d x %d pixels and gives %d features.",
        *(module.handle, *module.image_size, module.num_features),
    )
    heads = heads_of(listing, config.head, task_kinds(config))
    examples, leaks = examples_without_leaks(listing)
    if listing.columns is None:
        examples = join_labels(examples, listing.image_dir, heads)
    examples, features, skipped = image_features(
        examples,
        listing.image_dir,
        module,
        IMAGE_FEATURE_VECTOR,
        feature_cache_directory(config),
        config.feature_engine,
        config.max_skipped_percentage,
        TASK if listing.columns is None else None,
    )
    examples = split_examples(examples, listing, config, several_labels(examples, listing, heads))
    start = warm_start(module, listing.class_names, config.label_map) if config.warm_start_head else None
    return Prepared(module, heads, examples, features, pd.concat([skipped, leaks]), start)
