"""The pass of examples through a module: features, what is known of the images beside them, what is none."""

from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd

from retrain.commands.data_plan import DataPlan
from retrain.data.image_facts import ImageFacts
from retrain.data.pipeline import why_no_image
from retrain.errors import InputError
from retrain.examples.labelled import LabelledExamples
from retrain.examples.left_out import without_skipped
from retrain.features.cache import FileKey, feature_cache_directory
from retrain.features.feature_pass import PassOptions, feature_pass, log_pass
from retrain.features.image_facts_store import ImageFactsStore
from retrain.features.stored import check_finite
from retrain.modules.image_module import ImageModule
from retrain.modules.signatures import IMAGE_FEATURE_VECTOR
from retrain.settings.module import ModuleSettings


class Passed(NamedTuple):
    """Examples with their features, facts of the same images, and a table (path, reason) of what is none."""

    examples: LabelledExamples
    images: ImageFacts
    skipped: pd.DataFrame


def pass_images(
    module: ImageModule, examples: LabelledExamples, settings: ModuleSettings, data: DataPlan
) -> Passed:
    """Every image through the module, once; InputError when too many are none."""
    files = file_keys(examples)
    with ImageFactsStore(files, feature_cache_directory(settings)) as store:
        done = feature_pass(module, IMAGE_FEATURE_VECTOR, files, PassOptions(settings, store))
        log_pass(done)
        kept, skipped = _without(examples.with_features(done.features), done.skipped, data)
        check_finite(kept.features, kept.paths, module.handle)
        images = [file for row, file in enumerate(files) if row not in done.skipped]
        store.fill(images)
    return _passed(kept, store.facts(images), skipped)


def pass_outputs(
    module: ImageModule, signature: str, examples: LabelledExamples, data: DataPlan
) -> tuple[LabelledExamples, pd.DataFrame]:
    """The examples with a signature's outputs, of which nothing is kept, and a table of what is none."""
    done = feature_pass(module, signature, file_keys(examples))
    log_pass(done)
    kept, skipped = _without(examples.with_features(done.features), done.skipped, data)
    check_finite(kept.features, kept.paths, module.handle)
    return kept, skipped


def pass_again(module: ImageModule, examples: LabelledExamples, engine: str) -> LabelledExamples:
    """The examples with the features of a module that has changed, which nobody remembers.

    InputError when an image is no longer there.
    """
    options = PassOptions(ModuleSettings(feature_cache="none", feature_engine=engine))
    done = feature_pass(module, IMAGE_FEATURE_VECTOR, file_keys(examples), options)
    log_pass(done)
    for row, reason in done.skipped.items():
        raise InputError(
            f"{len(done.skipped)} of the images that were trained on can no longer be read, such as "
            f"{examples.paths[row]!r} ({reason}): put them back, and go on with the same command."
        )
    return examples.with_features(done.features)


def pass_facts(examples: LabelledExamples, settings: ModuleSettings, data: DataPlan) -> Passed:
    """What is known of the images alone; no module is needed for it."""
    files = file_keys(examples)
    with ImageFactsStore(files, feature_cache_directory(settings)) as store:
        store.fill(files)
    reasons = {row: why_no_image(file.path) for row, file in enumerate(files) if not store.has([file])}
    kept, skipped = _without(examples, reasons, data)
    return _passed(kept, store.facts([file for row, file in enumerate(files) if row not in reasons]), skipped)


def _passed(kept: LabelledExamples, images: ImageFacts, skipped: pd.DataFrame) -> Passed:
    return Passed(kept.with_contents(images.contents), images, skipped)


def file_keys(examples: LabelledExamples) -> list[FileKey]:
    """By what each file is known."""
    table = examples.table
    columns = zip(examples.files, table["size"].tolist(), table["mtime_ns"].tolist(), strict=True)
    return [FileKey(*key) for key in columns]


def _without(
    examples: LabelledExamples, reasons: Mapping[int, str], data: DataPlan
) -> tuple[LabelledExamples, pd.DataFrame]:
    most, class_folders = data.settings.max_skipped_percentage, data.listing.class_folders
    return without_skipped(examples, reasons, most, class_folders)
