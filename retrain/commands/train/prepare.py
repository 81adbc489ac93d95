"""What is settled before a head is trained: module, examples in their splits with their features, starts.

Or, with --dry_run, what is known of the images alone.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd
from absl import logging

from retrain.commands.image_pass import Passed, pass_facts, pass_images
from retrain.commands.module_check import label_map_of
from retrain.commands.train.base import Base, load_base
from retrain.commands.train.check import TrainPlan
from retrain.commands.train.decoding import decoding_of
from retrain.commands.train.range_warning import tell_input_range
from retrain.errors import InputError
from retrain.examples.facts import check_trained, data_facts
from retrain.examples.groups import Duplicates, find_duplicates, grouped
from retrain.examples.labelled import LabelledExamples, heads_of
from retrain.examples.left_out import training_examples
from retrain.examples.recorded import as_recorded, check_readable
from retrain.examples.splits import log_splits, split
from retrain.head_search.starts import Start, publisher_start, starts_of_earlier_model
from retrain.heads.head import Head
from retrain.memory import return_at_once
from retrain.modules.image_module import ImageModule
from retrain.printable import say
from retrain.report.data_report import log_data_report, write_data_report
from retrain.settings.data import Decoding
from retrain.workers.workers import ALONE, Workers


class Prepared(NamedTuple):
    """What heads are trained on.

    Attributes:
      examples: with their splits, and features float32 [N, F] of the module as it is.
      left_out: a table (path, reason) of the images that are no examples.
      facts: those of data_report.json; None when a run goes on, for they stand there already.
      starts: where heads begin, by task, if not with zeros.
      range_hint: the flag that says the range of pixels that the module looks as if made for; "" for none.
    """

    module: ImageModule
    examples: LabelledExamples
    left_out: pd.DataFrame
    facts: dict[str, Any] | None
    starts: Mapping[str, Start]
    range_hint: str = ""


class Listed(NamedTuple):
    """The examples before any image is read; what is none of them; path -> split of a run that goes on."""

    examples: LabelledExamples
    leaks: pd.DataFrame
    recorded: Mapping[str, str] | None = None


def prepare(plan: TrainPlan, workers: Workers = ALONE) -> Prepared:
    """The module, each image through it once, copies in one group, groups in splits, facts, and starts."""
    with plan.run.timed("loading the module"):
        base, listed = load_base(plan), list_examples(plan, decoding_of(plan))
    with plan.run.timed("images through the module"):
        passed = pass_images(base.module, listed.examples, plan, workers)
        hint = tell_input_range(base.module, passed.examples, plan.config.module, passed.computed > 0)
    return_at_once()  # not before, where it would cost a third more: each batch of images is a large block
    with plan.run.timed("copies, splits and facts of the data"):
        duplicates = find_duplicates(passed.examples, passed.images.thumbnails)
        examples = split_examples(plan, grouped(passed.examples, duplicates), listed.recorded)
        left_out = pd.concat([passed.skipped, listed.leaks])
        kept = passed._replace(examples=examples, skipped=left_out)
        facts = state_facts(plan, kept, duplicates, listed.recorded)
    starts = starts_of(plan, base, examples.heads)
    return Prepared(base.module, examples, left_out, facts, starts, range_hint=hint)


def starts_of(plan: TrainPlan, base: Base, heads: Mapping[str, Head]) -> dict[str, Start]:
    """Where heads begin, of those that do not begin with zeros."""
    if base.heads is not None:
        return starts_of_earlier_model(base.named, base.heads, heads)
    if plan.published is None:
        return {}
    [(task, head)] = heads.items()
    start = publisher_start(base.module, head, label_map_of(plan.config.module), plan.published)
    return {} if start is None else {task: start}


def list_examples(plan: TrainPlan, decoding: Decoding) -> Listed:
    """What the listing says, or the run that goes on."""
    heads = heads_of(plan.data.listing, plan.data.kinds)
    examples, leaks = training_examples(plan.data.listing, heads, plan.data.task_weights)
    examples = examples.on(decoding)
    recorded = as_recorded(str(plan.run), examples.corrected(plan.data.corrected_labels))
    return Listed(examples, leaks) if recorded is None else Listed(recorded[0], leaks, recorded[1])


def split_examples(
    plan: TrainPlan, examples: LabelledExamples, recorded: Mapping[str, str] | None = None
) -> LabelledExamples:
    """As the run recorded it, as given, or by hash; labels are corrected only then, which moves none."""
    if recorded is not None:
        return examples.with_splits([recorded[path] for path in examples.paths])
    data = plan.config.data
    examples = split(examples, (data.validation_percentage, data.testing_percentage), plan.data.frozen)
    log_splits(examples)
    return examples.corrected(plan.data.corrected_labels)


def state_facts(
    plan: TrainPlan, passed: Passed, duplicates: Duplicates, recorded: Mapping[str, str] | None = None
) -> dict[str, Any] | None:
    """The facts of data_report.json, which are logged; InputError for what cannot be trained on.

    None in a run that goes on, in which all images that it began with must still be there.
    """
    if recorded is not None:
        gone = [path for path in passed.skipped["path"] if path in recorded]
        check_readable(str(plan.run), gone)
        return None
    facts = data_facts(
        examples=passed.examples,
        images=passed.images,
        skipped=passed.skipped,
        duplicates=duplicates,
        ignored=plan.data.listing.ignored,
    )
    log_data_report(facts)
    check_trained(facts)
    return facts


def dry_run(plan: TrainPlan) -> None:
    """Writes the facts, also those of data that cannot be trained on, of which an InputError tells then."""
    listed = list_examples(plan, plan.config.data.decoding)
    passed = pass_facts(listed.examples, plan.config.module)
    duplicates = find_duplicates(passed.examples, passed.images.thumbnails)
    facts = data_facts(
        examples=split_examples(plan, grouped(passed.examples, duplicates)),
        images=passed.images,
        skipped=pd.concat([passed.skipped, listed.leaks]),
        duplicates=duplicates,
        ignored=plan.data.listing.ignored,
    )
    log_data_report(facts)
    path = write_data_report(str(plan.run), facts)
    say(f"Nothing was trained (--dry_run). All facts are in {path}")
    try:
        check_trained(facts)
    except InputError as error:
        if passed.skipped.empty:
            raise
        logging.warning("%s", error)  # damaged files are told, and may be mended
