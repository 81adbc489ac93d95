"""What is settled before a head is trained: module, tasks, examples in their splits, features."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd
from absl import logging

from retrain.commands.options import feature_cache_directory
from retrain.commands.train.earlier_model import load_base, warm_starts
from retrain.commands.train.fine_tuning import check_trainable
from retrain.commands.train.warm_start import warm_start
from retrain.data.listing import Listing
from retrain.examples.facts import check_trained, examined
from retrain.examples.recorded import as_recorded, check_readable
from retrain.examples.table import TASK
from retrain.examples.tasks import Heads
from retrain.examples.training_examples import listed
from retrain.features.image_features import image_features
from retrain.features.stored import Features
from retrain.head_search.trial import Start
from retrain.modules.image_module import ImageModule
from retrain.modules.signatures import IMAGE_FEATURE_VECTOR
from retrain.settings.config import Config


class Prepared(NamedTuple):
    """Examples with their split, features float32 [N, F] of the same rows, and what heads begin with.

    Attributes:
      left_out: a table (path, reason) of the images that are in neither.
      report: the facts of data_report.json; None when a run goes on, for they stand there already.
      starts: where heads begin, by task, if not with zeros.
    """

    module: ImageModule
    heads: Heads
    examples: pd.DataFrame
    features: Features
    left_out: pd.DataFrame
    report: dict[str, Any] | None
    starts: Mapping[str, Start]


def prepare(config: Config, listing: Listing, run: str = "") -> Prepared:
    """Loads the module, passes every image through it, once, and splits them, or takes the split of `run`."""
    heads, examples, leaks, book = listed(config, listing)
    module, earlier = load_base(config)
    logging.info(
        "%s takes images of %d x %d pixels and gives %d features.",
        *(module.handle, *module.image_size, module.num_features),
    )
    check_trainable(config, module)
    recorded = as_recorded(run, examples) if run else None
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
    starts = warm_starts(earlier, heads) if earlier else {}
    if config.warm_start_head:
        starts = dict.fromkeys(heads, warm_start(module, listing.class_names, config.label_map))
    return Prepared(module, heads, examples, features, left_out, report, starts)
