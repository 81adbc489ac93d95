"""The pass of examples through a module: features, what is known of the images beside them, what is none."""

import time
from typing import NamedTuple

import pandas as pd

from retrain.cache_directory import user_cache_directory
from retrain.commands.data_plan import DataPlan
from retrain.data.image_facts import ImageFacts
from retrain.data.pipeline import why_no_image
from retrain.examples.labelled import LabelledExamples
from retrain.examples.skipped import without_skipped
from retrain.features.cache import FileKey
from retrain.features.feature_pass import frozen_features
from retrain.features.image_features import _check_finite, _log_pass
from retrain.features.sketches import SketchBook
from retrain.modules.image_module import ImageModule
from retrain.settings.module import ModuleSettings


class Passed(NamedTuple):
    """Examples with their features, facts of the same images, and a table (path, reason) of what is none."""

    examples: LabelledExamples
    images: ImageFacts | None
    skipped: pd.DataFrame


def pass_images(
    module: ImageModule, signature: str, examples: LabelledExamples, settings: ModuleSettings, data: DataPlan
) -> Passed:
    """Every image through the module, once; InputError when too many are none."""
    start, files = time.monotonic(), file_keys(examples)
    book = SketchBook(files, _cache(settings))
    with book:
        result = frozen_features(module, files, _cache(settings), settings.feature_engine, signature, book)
    _log_pass(result, len(examples), time.monotonic() - start)
    kept, skipped = _without(examples.with_features(result.features), result.skipped, data)
    rows = [row for row in range(len(files)) if row not in result.skipped]
    _check_finite(kept.features, kept.table, module.handle)
    with book:
        book.fill([files[row] for row in rows])
    return Passed(kept, book.sketches([files[row] for row in rows]), skipped)


def pass_features(
    module: ImageModule, examples: LabelledExamples, settings: ModuleSettings
) -> LabelledExamples:
    """The features of another module, or of one that has changed, which nobody remembers."""
    result = frozen_features(module, file_keys(examples), None, settings.feature_engine)
    return examples.with_features(result.features)


def pass_facts(examples: LabelledExamples, settings: ModuleSettings, data: DataPlan) -> Passed:
    """What is known of the images alone; no module is needed for it."""
    files = file_keys(examples)
    book = SketchBook(files, _cache(settings))
    with book:
        book.fill(files)
    reasons = {row: why_no_image(file.path) for row, file in enumerate(files) if not book.has([file])}
    kept, skipped = _without(examples, reasons, data)
    return Passed(
        kept, book.sketches([file for row, file in enumerate(files) if row not in reasons]), skipped
    )


def file_keys(examples: LabelledExamples) -> list[FileKey]:
    """By what each file is known."""
    table = examples.table
    columns = zip(examples.files, table["size"].tolist(), table["mtime_ns"].tolist(), strict=True)
    return [FileKey(*key) for key in columns]


def _without(
    examples: LabelledExamples, reasons: dict[int, str], data: DataPlan
) -> tuple[LabelledExamples, pd.DataFrame]:
    return without_skipped(
        examples, reasons, data.settings.max_skipped_percentage, data.listing.class_folders
    )


def _cache(settings: ModuleSettings):
    if settings.feature_cache is None:
        return user_cache_directory()
    return None if settings.feature_cache == "none" else settings.feature_cache
