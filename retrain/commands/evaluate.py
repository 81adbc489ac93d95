"""`python -m retrain evaluate`: an exported classifier on a folder of images, without the run it is of.

With --label_map, any module that classifies images, by the classes that its publisher gave it.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from retrain.commands.checks import EvaluatePlan, check_known_labels
from retrain.commands.image_pass import pass_outputs
from retrain.data.label_map import check_label_count
from retrain.data.listing import TASK
from retrain.examples.left_out import evaluation_examples
from retrain.export.reload import ServedProbabilities, load_classifier
from retrain.heads.head import Head
from retrain.heads.softmax import PublishedHead
from retrain.modules.image_module import ImageModule
from retrain.modules.load import load_module
from retrain.modules.signatures import IMAGE_CLASSIFICATION, SERVING_SIGNATURE
from retrain.report.outcome import Outcome, figures_by_split, write_artefacts
from retrain.report.predictions_table import write_table
from retrain.report.summary import evaluation_summary
from retrain.runs.run import SKIPPED
from retrain.settings.config import to_flags, to_json

SPLIT = "evaluation"


class _Classifier(NamedTuple):
    """What scores images: rows that one pass through the module gives -> probabilities by task."""

    module: ImageModule
    signature: str
    heads: Mapping[str, Head]
    probabilities: Callable[[np.ndarray], Mapping[str, np.ndarray]]


def run(plan: EvaluatePlan) -> None:
    """Figures over all images of the folder, whatever their split, and a prediction for each."""
    classifier = _exported(plan) if plan.published is None else _published(plan)
    examples = evaluation_examples(plan.data.listing, classifier.heads)
    examples, skipped = pass_outputs(classifier.module, classifier.signature, examples, plan.data)
    examples = examples.with_splits([SPLIT] * len(examples))
    probabilities = classifier.probabilities(np.asarray(examples.features))
    figures = figures_by_split(examples, classifier.heads, probabilities, [SPLIT])
    outcome = Outcome(examples, classifier.heads, probabilities, figures)
    plan.run.begun_with(to_json(plan.config), to_flags(plan.config, "evaluate"))
    write_table(plan.run.file(SKIPPED), skipped)
    written = write_artefacts(outcome, plan.run, of_evaluation=True)
    print(evaluation_summary(outcome, plan.run, written))


def _exported(plan: EvaluatePlan) -> _Classifier:
    """A classifier that says itself what its classes are; class folders are about its primary task."""
    handle = plan.config.module.tfhub_module
    classifier = load_classifier(handle, plan.config.module)
    heads = dict(classifier.heads)
    # Of an archive or a URL it is known only now.
    check_known_labels(handle, {task: head.class_names for task, head in heads.items()}, plan.data)
    if plan.data.listing.class_folders:
        primary, *others = heads
        heads = {TASK: heads[primary], **{task: heads[task] for task in others}}
    served = ServedProbabilities(classifier)

    def probabilities(rows: np.ndarray) -> dict[str, np.ndarray]:
        return dict(zip(heads, served.by_task(rows).values(), strict=True))

    return _Classifier(served, SERVING_SIGNATURE, heads, probabilities)


def _published(plan: EvaluatePlan) -> _Classifier:
    """A classifier whose classes stand in a label file."""
    settings, published = plan.config.module, plan.published
    module = load_module(settings.tfhub_module, settings, IMAGE_CLASSIFICATION)
    count = module.num_outputs(IMAGE_CLASSIFICATION)
    check_label_count(settings.label_map, published.class_names, count, module.handle)
    head = PublishedHead(published.class_names, published.indices)
    return _Classifier(
        module,
        IMAGE_CLASSIFICATION,
        {TASK: head},
        lambda logits: {TASK: head.probabilities(tf.constant(logits)).numpy()},
    )
