"""`python -m retrain`: a folder of images becomes a classifier. The whole story, from top to bottom."""

from collections.abc import Mapping
from typing import NamedTuple

from absl import logging

from retrain.commands.train.check import TrainPlan
from retrain.commands.train.classifier import best_heads, classifier, evidence_of, histories, outcome_of
from retrain.commands.train.evaluator import evaluate_checkpoints
from retrain.commands.train.on_request import formats_of, is_accurate, write_copies
from retrain.commands.train.pixels import find_learning_rate, train_on_images
from retrain.commands.train.prepare import Prepared, dry_run, prepare
from retrain.commands.train.records import begin_run
from retrain.commands.written_exports import Material, record_exports, write_exports
from retrain.examples.labelled import LabelledExamples
from retrain.exporters import LabelledFiles, compared_split
from retrain.exporters.familiar_images import familiarity_of_others, with_familiarity
from retrain.exporters.reading_process import reading_process
from retrain.exporters.seen_images import SeenImages, seen_images
from retrain.head_search.folds import FOLDS
from retrain.head_search.label_issues import SHORTER, LabelCheck, check_labels
from retrain.head_search.search import BestHead
from retrain.heads.figure_splits import CROSS_VALIDATION
from retrain.model import ImageClassifier
from retrain.printable import say
from retrain.report.comparison import comparison_lines
from retrain.report.ending import end_report
from retrain.report.export_cards import of_run
from retrain.report.misclassified import misclassified_lines
from retrain.report.outcome import Outcome, write_artefacts
from retrain.report.summary import training_summary
from retrain.trackers.tracked_run import track
from retrain.training.estimator import Estimator
from retrain.training.evaluation import Figures, figures_by_task
from retrain.training.events import TRAIN, Events
from retrain.workers.joined import joined
from retrain.workers.workers import ALONE, Workers

STEP_0 = (
    "Step 0 was the best: what is exported is the frozen classifier.",
    "A lower learning rate, or more steps, may do better.",
)
FEW = 100  # images held out, below which a figure of all images is given, too


class TrainedModel(NamedTuple):
    """A model as it was trained.

    Attributes:
      best: the heads of the module as it was, with which it began.
      examples: with what it gives for them as features.
      global_step: the step it is of.
    """

    model: ImageClassifier
    best: Mapping[str, BestHead]
    examples: LabelledExamples
    global_step: int


def run(plan: TrainPlan) -> int:
    """Trains a classifier, unless only what images are like, or a learning rate, is asked for."""
    if plan.config.data.dry_run:
        dry_run(plan)
        return 0
    if plan.cluster is not None and plan.cluster.is_evaluator:
        evaluate_checkpoints(plan)
        return 0
    config = plan.config
    with joined(plan.cluster, config.distribution, config.trains_on_images) as workers:
        prepared = prepare(plan, workers)
        if plan.config.pixels.find_learning_rate:
            model = classifier(plan.config, prepared, best_heads(plan.config.head, prepared))
            find_learning_rate(plan, prepared.examples, model)
            return 0
        if not workers.is_chief:
            take_part(plan, prepared, workers)
            return 0
        outcome, exports = train_classifier(plan, prepared, workers)
    notes = [*STEP_0] if outcome.global_step == 0 else []
    notes += comparison_lines(outcome)
    if plan.config.results.print_misclassified_test_images:
        notes += misclassified_lines(outcome)
    say(training_summary(outcome.figures, outcome.heads, plan.run, exports, notes))
    is_copied = write_copies(plan.config.results, plan.run, exports)
    return 0 if is_accurate(plan.config.results, outcome) and is_copied and exports else 1


def take_part(plan: TrainPlan, prepared: Prepared, workers: Workers) -> None:
    """What a worker does that is not the chief, when all images have gone through the module."""
    if plan.config.trains_on_images:
        model = classifier(plan.config, prepared, best_heads(plan.config.head, prepared))
        train_on_images(plan, prepared.examples, model, workers, prepared.range_hint)
    logging.info("Worker %d has done its part; the results are the chief's, in %s.", workers.index, plan.run)


def train_classifier(
    plan: TrainPlan, prepared: Prepared, workers: Workers = ALONE
) -> tuple[Outcome, list[str]]:
    """Writes all that a run leaves behind; the outcome, and the directories of the exports."""
    run, formats = plan.run, formats_of(plan.config.results)
    trained = train_model(plan, prepared, workers)
    with reading_process(formats) as reader:  # which takes seconds to load: while labels and report are made
        model, outcome = judged(plan, prepared, trained)
        write_artefacts(outcome, run)
        with run.timed("exports"):
            seen = seen_images(model, trained.examples)
            material = _material(plan, trained, seen)._replace(of_run=of_run(outcome))
            exports = write_exports(model.traced(), run, formats, material, reader)
    end_report(run)
    record_exports(run, exports)
    if plan.config.results.tracker is not None:
        track(run, plan.config.results.tracker)
    return outcome, exports.directories(run)


def judged(plan: TrainPlan, prepared: Prepared, trained: TrainedModel) -> tuple[ImageClassifier, Outcome]:
    """The model as it is exported, and what is known of it, of the labels and of other images."""
    model, outcome = outcome_of(trained.model, trained.examples, plan.config.head.calibrate)
    events = Events(plan.run.path)
    for split, figures in outcome.figures.items():
        events.write(split, {trained.global_step: figures})
    # By the features of the module as it was: a base that was trained on a label believes it.
    chosen = {task: best.candidate for task, best in trained.best.items()}
    folds, is_told = plan.config.sweep.folds, _is_cross_validated(plan, prepared.examples)
    with plan.run.timed("labels in doubt"):
        checked = check_labels(prepared.examples, chosen, folds or FOLDS, shorter=1 if is_told else SHORTER)
    model = with_familiarity(model, trained.examples, plan.config.head.seed)
    return model, outcome._replace(
        figures={**outcome.figures, **(_cross_validated(outcome, checked) if is_told else {})},
        global_step=trained.global_step,
        label_issues=checked.issues,
        corrections=plan.data.corrections,
        familiarity=familiarity_of_others(model, trained.examples),
        evidence=evidence_of(model, trained.examples) if plan.config.results.explain else None,
    )


def _material(plan: TrainPlan, trained: TrainedModel, seen: SeenImages) -> Material:
    splits, results = trained.examples.table["split"], plan.config.results
    split = compared_split({*splits})
    train, others = (trained.examples.rows((splits == name).to_numpy(bool)) for name in (TRAIN, split))
    cells = {name: task.cells for name, task in others.tasks.items()}
    return Material(
        train=train.files,
        compared_on=LabelledFiles(split, others.files, cells),
        takes_bytes=results.default_signature == "bytes",
        seen=seen,
        final_tensor_name=results.final_tensor_name,
    )


def _is_cross_validated(plan: TrainPlan, examples: LabelledExamples) -> bool:
    """Whether figures over all images are told: if asked for, or where few are held out."""
    return plan.config.sweep.folds is not None or sum(split != "train" for split in examples.splits) < FEW


def _cross_validated(outcome: Outcome, checked: LabelCheck) -> dict[str, Figures]:
    """The figures, where labels can be judged at all."""
    if not checked.labels:
        return {}
    weights = outcome.examples.task_weights
    return {CROSS_VALIDATION: figures_by_task(outcome.heads, checked.labels, checked.probabilities, weights)}


def train_model(plan: TrainPlan, prepared: Prepared, workers: Workers = ALONE) -> TrainedModel:
    """The best heads of a small grid, the base with them if asked for."""
    with plan.run.timed("search of the head"):
        best = best_heads(plan.config.head, prepared)
    begin_run(plan, prepared)
    model = classifier(plan.config, prepared, best)
    if plan.config.trains_on_images:
        with plan.run.timed("training on images"):
            trained = train_on_images(plan, prepared.examples, model, workers, prepared.range_hint)
            return TrainedModel(model, best, *trained)
    workers.leave()
    Events(plan.run.path).write(TRAIN, histories(best))
    global_step = max(found.candidate.max_steps for found in best.values())
    Estimator(model, plan.run.path).save_checkpoint(global_step)
    return TrainedModel(model, best, prepared.examples, global_step)
