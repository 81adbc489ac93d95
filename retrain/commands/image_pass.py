"""The pass of examples through a module: features, what is known of the images beside them, what is none."""

from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd

from retrain.commands.checks import EvaluatePlan
from retrain.commands.train.check import TrainPlan
from retrain.data.image_facts import ImageFacts
from retrain.data.no_image import why_no_image
from retrain.errors import InputError
from retrain.examples.labelled import LabelledExamples
from retrain.examples.left_out import class_without_images, too_many_skipped, without_skipped
from retrain.features.cache import FileKey, feature_cache_directory
from retrain.features.feature_pass import PassOptions, feature_pass, log_pass
from retrain.features.image_facts_store import ImageFactsStore
from retrain.features.stored import check_finite
from retrain.modules.image_module import ImageModule
from retrain.modules.signatures import IMAGE_FEATURE_VECTOR
from retrain.report.predictions_table import write_table
from retrain.runs.run import SKIPPED
from retrain.settings.module import ModuleSettings
from retrain.workers.workers import ALONE, Workers


class Passed(NamedTuple):
    """Examples with their features, a table (path, reason) of what is no image, and facts of the others.

    `computed`: how many images went through the module now; the others had been remembered.
    """

    examples: LabelledExamples
    skipped: pd.DataFrame
    images: ImageFacts
    computed: int = 0


def pass_images(
    module: ImageModule, examples: LabelledExamples, plan: TrainPlan, workers: Workers = ALONE
) -> Passed:
    """Every image through the module, once, in one of the workers; InputError when too many are none."""
    files, settings, decoding = file_keys(examples), plan.config.module, examples.decoding
    with ImageFactsStore(files, feature_cache_directory(settings), decoding) as store:
        options = PassOptions(settings, store, decoding, workers=workers)
        done = feature_pass(module, IMAGE_FEATURE_VECTOR, files, options)
        log_pass(done)
        store.share(workers)
        kept, skipped = _without(examples.with_features(done.features), done.skipped, plan)
        check_finite(kept.features, kept.paths, module.handle)
        images = [file for row, file in enumerate(files) if row not in done.skipped]
        store.fill(images)
    return _passed(kept, skipped, store.facts(images))._replace(computed=done.computed)


def pass_outputs(
    module: ImageModule, signature: str, examples: LabelledExamples, plan: EvaluatePlan
) -> tuple[LabelledExamples, pd.DataFrame]:
    """The examples with a signature's outputs, of which nothing is kept, and a table of what is none."""
    done = feature_pass(module, signature, file_keys(examples), PassOptions(decoding=examples.decoding))
    log_pass(done)
    kept, skipped = _without(examples.with_features(done.features), done.skipped, plan)
    check_finite(kept.features, kept.paths, module.handle)
    return kept, skipped


def pass_again(module: ImageModule, examples: LabelledExamples, engine: str) -> LabelledExamples:
    """The examples with the features of a module that has changed, which nobody remembers.

    InputError when an image is no longer there.
    """
    settings = ModuleSettings(feature_cache="none", feature_engine=engine)
    options = PassOptions(settings, decoding=examples.decoding)
    done = feature_pass(module, IMAGE_FEATURE_VECTOR, file_keys(examples), options)
    log_pass(done)
    for row, reason in done.skipped.items():
        raise InputError(
            f"{len(done.skipped)} of the images that were trained on can no longer be read, such as "
            f"{examples.paths[row]!r} ({reason}): put them back, and go on with the same command."
        )
    return examples.with_features(done.features)


def pass_facts(examples: LabelledExamples, settings: ModuleSettings) -> Passed:
    """What is known of the images alone, however few are such; no module is needed for it."""
    files = file_keys(examples)
    with ImageFactsStore(files, feature_cache_directory(settings), examples.decoding) as store:
        store.fill(files)
    reasons = {
        row: why_no_image(*file, examples.decoding) for row, file in enumerate(files) if not store.has([file])
    }
    images = [file for row, file in enumerate(files) if row not in reasons]
    return _passed(*without_skipped(examples, reasons), store.facts(images))


def _passed(kept: LabelledExamples, skipped: pd.DataFrame, images: ImageFacts) -> Passed:
    return Passed(kept.with_contents(images.contents), skipped, images)


def file_keys(examples: LabelledExamples) -> list[FileKey]:
    """By what each file is known."""
    table = examples.table
    columns = zip(examples.files, table["size"].tolist(), table["mtime_ns"].tolist(), strict=True)
    return [FileKey(*key) for key in columns]


def _without(
    examples: LabelledExamples, reasons: Mapping[int, str], plan: TrainPlan | EvaluatePlan
) -> tuple[LabelledExamples, pd.DataFrame]:
    """InputError when too many are none, or all of a class; the run's directory lists them then."""
    kept, skipped = without_skipped(examples, reasons)
    most = plan.config.data.max_skipped_percentage
    complaint = too_many_skipped(skipped, len(examples), most)
    if plan.data.listing.class_folders:
        complaint = complaint or class_without_images(examples, kept, skipped)
    if complaint:
        path = plan.run.file(SKIPPED)
        write_table(path, skipped)
        raise InputError(f"{complaint} {path!r} lists all of them.")
    return kept, skipped
