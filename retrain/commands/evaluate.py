"""`python -m retrain evaluate`: an exported classifier on a folder of images, without the run it is of.

With --label_map, any module that classifies images, by the classes that its publisher gave it.
"""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from retrain import __version__
from retrain.commands.checks import EvaluatePlan, check_known_labels
from retrain.commands.image_pass import pass_outputs
from retrain.commands.scoring import Scoring, load_scoring
from retrain.data.listing import SPLITS, TASK
from retrain.data.pipeline import file_contents
from retrain.evidence.heat_maps import Evidence
from retrain.examples.labelled import LabelledExamples
from retrain.examples.left_out import evaluation_examples
from retrain.examples.recorded import data_fingerprint
from retrain.exporters.seen_images import NOTHING_SEEN, read_seen
from retrain.modules.sources.source import source_of
from retrain.printable import say
from retrain.report.ending import end_report
from retrain.report.outcome import (
    CHOSEN_BY,
    FAMILIAR,
    SPLIT,
    TRAINED_ON,
    UNFAMILIAR,
    UNSEEN,
    Outcome,
    figures_by_split,
    write_artefacts,
)
from retrain.report.predictions_table import write_table
from retrain.report.summary import evaluation_summary
from retrain.runs.run import SKIPPED
from retrain.settings.config import to_flags, to_json
from retrain.training.evaluation import ByTask, Figures


def run(plan: EvaluatePlan) -> None:
    """Figures over all images, those of each given split, and those that the classifier has not seen.

    And a prediction for each.
    """
    with plan.run.timed("loading the classifier"):
        scoring = _scoring(plan)
    with plan.run.timed("images through the classifier"):
        decoding = scoring.decoding._replace(max_megapixels=plan.config.data.max_image_megapixels)
        examples = evaluation_examples(plan.data.listing, scoring.heads).on(decoding)
        examples, skipped = pass_outputs(scoring.module, scoring.signature, examples, plan)
    rows = np.asarray(examples.features)
    probabilities = scoring.by_task(rows)
    examples, figures = _figures(plan, scoring, examples, probabilities)
    familiarity = scoring.familiarity(rows)
    outcome = Outcome(
        examples,
        scoring.heads,
        probabilities,
        figures,
        familiarity=familiarity,
        evidence=_evidence(scoring, examples) if plan.config.results.explain else None,
    )
    about = {"version": __version__, "data_fingerprint": data_fingerprint(examples)}
    plan.run.begun_with(to_json(plan.config, **about), to_flags(plan.config, "evaluate"))
    write_table(plan.run.file(SKIPPED), skipped)
    written = write_artefacts(outcome, plan.run, of_evaluation=True)
    end_report(plan.run)
    say(evaluation_summary(outcome, plan.run, written))


def _evidence(scoring: Scoring, examples: LabelledExamples) -> Evidence:
    outputs = tf.function(lambda images: scoring.module.output(images, scoring.signature))

    def probabilities(images: np.ndarray) -> ByTask:
        return scoring.by_task(outputs(tf.constant(images)).numpy())

    names = {task: head.class_names for task, head in scoring.heads.items()}
    return Evidence(examples, scoring.module.image_size, probabilities, names)


def _figures(
    plan: EvaluatePlan, scoring: Scoring, examples: LabelledExamples, probabilities: ByTask
) -> tuple[LabelledExamples, dict[str, Figures]]:
    """The examples with their splits, and figures by split, over all, and over those that were not seen."""
    rows = np.asarray(examples.features)
    logits = scoring.logits_by_task(rows)

    def of(splits: Sequence[str], *told: str) -> dict[str, Figures]:
        return figures_by_split(examples.with_splits(splits), scoring.heads, probabilities, told, logits)

    all_splits = [SPLIT] * len(examples)
    figures = of(all_splits, SPLIT)
    if plan.data.listing.given_split:
        figures |= of(examples.splits, *SPLITS)
    if scoring.threshold is not None:
        unfamiliar = scoring.unfamiliar(rows)
        figures[SPLIT][UNFAMILIAR] = int(unfamiliar.sum())
        figures |= of(np.where(unfamiliar, "", FAMILIAR).tolist(), FAMILIAR)
    seen = NOTHING_SEEN if plan.published else read_seen(source_of(scoring.module.handle).fetched().files)
    if seen.train:
        contents, only_chosen_by = file_contents(examples.files), seen.validation - seen.train
        figures[SPLIT] |= {
            TRAINED_ON: sum(content in seen.train for content in contents),
            CHOSEN_BY: sum(content in only_chosen_by for content in contents),
        }
        known = seen.train | only_chosen_by
        others = ["" if content in known else UNSEEN for content in contents]
        figures |= of(others, UNSEEN)
    return examples if plan.data.listing.given_split else examples.with_splits(all_splits), figures


def _scoring(plan: EvaluatePlan) -> Scoring:
    """Class folders are about the primary task."""
    settings = plan.config.module
    scoring = load_scoring(settings, plan.published)
    if plan.published is not None:
        return scoring
    # Of an archive or a URL it is known only now.
    classes = {task: head.class_names for task, head in scoring.heads.items()}
    check_known_labels(settings.tfhub_module, classes, plan.data)
    if not plan.data.has_one_task:
        return scoring
    _, *others = scoring.heads
    return scoring._replace(heads=dict(zip([TASK, *others], scoring.heads.values(), strict=True)))
