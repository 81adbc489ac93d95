"""`python -m retrain evaluate`: an exported classifier on a folder of images, without the run it is of.

With --label_map, any module that classifies images, by the classes that its publisher gave it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from retrain.commands.inputs import Inputs
from retrain.commands.published_labels import published_labels
from retrain.data.label_map import label_indices
from retrain.data.listing import Listing
from retrain.errors import InputError
from retrain.examples.table import TASK, examples_table
from retrain.examples.tasks import Heads, join_labels
from retrain.export.reload import ServedProbabilities, load_classifier
from retrain.features.image_features import image_features
from retrain.heads.head import Head
from retrain.heads.published import PublishedHead
from retrain.modules.image_module import ImageModule
from retrain.modules.load import load_module
from retrain.modules.signatures import IMAGE_CLASSIFICATION, SERVING_SIGNATURE
from retrain.report.run_files import write_metrics, write_predictions, write_settings, write_skipped
from retrain.report.summary import evaluation_summary
from retrain.settings.config import Config, to_flags, to_json
from retrain.training.evaluation import figures_by_task

SPLIT = "evaluation"


class _Classifier(NamedTuple):
    """What scores images: rows that one pass through the module gives -> probabilities by task."""

    module: ImageModule
    signature: str
    heads: Heads
    probabilities: Callable[[np.ndarray], Mapping[str, np.ndarray]]


def evaluate(config: Config, inputs: Inputs) -> None:
    """Figures over all images of the folder, whatever their split, and a prediction for each."""
    run, listing = inputs.run_directory, inputs.listing
    classifier = (_exported if config.label_map is None else _published)(config, listing)
    heads = classifier.heads
    examples = examples_table(listing)
    if listing.columns is None:
        examples = join_labels(examples, listing.image_dir, heads)
    examples, rows, skipped = image_features(
        examples,
        listing.image_dir,
        classifier.module,
        classifier.signature,
        None,
        "auto",
        config.max_skipped_percentage,
        TASK if listing.columns is None else None,
    )
    probabilities = classifier.probabilities(rows)
    labels = {task: head.encode(examples[task]) for task, head in heads.items() if task in examples}
    figures = {SPLIT: figures_by_task(heads, labels, probabilities)}
    write_settings(run, to_json(config), to_flags(config, "evaluate"))
    write_skipped(run, skipped)
    write_predictions(run, examples.assign(split=SPLIT), heads, probabilities)
    write_metrics(run, figures)
    print(evaluation_summary(figures[SPLIT], heads, run))


def _exported(config: Config, listing: Listing) -> _Classifier:
    """A classifier that says itself what its classes are; class folders are about its primary task."""
    classifier = load_classifier(config.tfhub_module, config)
    heads = dict(classifier.heads)
    if listing.columns is None:
        _check_classes(classifier.primary_head, listing.class_names, config.tfhub_module)
        primary, *others = heads
        heads = {TASK: heads[primary], **{task: heads[task] for task in others}}
    else:
        _check_tasks(config, heads, listing.columns.tasks)
    served = ServedProbabilities(classifier)

    def probabilities(rows: np.ndarray) -> dict[str, np.ndarray]:
        return dict(zip(heads, served.by_task(rows).values(), strict=True))

    return _Classifier(served, SERVING_SIGNATURE, heads, probabilities)


def _published(config: Config, listing: Listing) -> _Classifier:
    """A classifier whose classes stand in a label file."""
    module = load_module(config.tfhub_module, config, IMAGE_CLASSIFICATION)
    labels = published_labels(config.label_map, module)
    head = PublishedHead(labels, label_indices(listing.class_names, labels, config.label_map))
    return _Classifier(
        module,
        IMAGE_CLASSIFICATION,
        {TASK: head},
        lambda logits: {TASK: head.probabilities(tf.constant(logits)).numpy()},
    )


def _check_tasks(config: Config, heads: Heads, tasks: Mapping[str, Sequence[str | None]]) -> None:
    """InputError when the table is of none of the tasks, or of a class that one of them does not know."""
    if not set(tasks) & set(heads):
        raise InputError(
            f"The classifier {config.tfhub_module!r} has the tasks {', '.join(map(repr, heads))}, and "
            f"--labels_file={config.labels_file!r} has labels of {', '.join(map(repr, tasks))}: "
            f"rename its columns."
        )
    for task, head in heads.items():
        cells = {cell for cell in tasks.get(task, ()) if cell is not None}
        names = sorted({name for cell in cells for name in head.names_in(cell)})
        unknown = [name for name in names if name not in head.class_names]
        if unknown:
            raise InputError(
                f"The classifier {config.tfhub_module!r} does not know the label {unknown[0]!r} in column "
                f"{task!r} of --labels_file={config.labels_file!r}; it knows "
                f"{', '.join(map(repr, head.class_names))}: mend it, or empty the cell."
            )


def _check_classes(head: Head, class_names: Sequence[str], handle: str) -> None:
    unknown = [name for name in class_names if name not in head.class_names]
    if unknown:
        raise InputError(
            f"The classifier {handle!r} does not know the class {unknown[0]!r} of this folder; it knows "
            f"{', '.join(map(repr, head.class_names))}. Rename or remove the class folder."
        )
