"""`python -m retrain evaluate`: an exported classifier on a folder of images, without the run it is of.

With --label_map, any module that classifies images, by the classes that its publisher gave it.
"""

from collections.abc import Sequence

import tensorflow as tf

from retrain.commands.image_features import image_features
from retrain.commands.inputs import Inputs
from retrain.commands.options import module_options
from retrain.commands.published_labels import published_labels
from retrain.config import Config, to_flags, to_json
from retrain.data.examples import TASK, examples_table
from retrain.data.label_map import label_indices
from retrain.errors import InputError
from retrain.export.reload import load_classifier
from retrain.heads.head import Head
from retrain.heads.published import PublishedHead
from retrain.modules.image_module import ImageModule
from retrain.modules.load import load_module
from retrain.modules.signatures import IMAGE_CLASSIFICATION
from retrain.report.run_files import write_metrics, write_predictions, write_settings, write_skipped
from retrain.report.summary import evaluation_summary

SPLIT = "evaluation"


def evaluate(config: Config, inputs: Inputs) -> None:
    """Figures over all images of the folder, whatever their split, and a prediction for each."""
    run, listing = inputs.run_directory, inputs.listing
    module, head = (_exported if config.label_map is None else _published)(config, listing.class_names)
    examples, logits, skipped = image_features(
        examples_table(listing),
        listing.image_dir,
        module,
        IMAGE_CLASSIFICATION,
        None,
        "auto",
        config.max_skipped_percentage,
    )
    probabilities = head.probabilities(tf.constant(logits)).numpy()
    figures = {SPLIT: head.metrics(head.encode(examples[TASK]), probabilities)}
    write_settings(run, to_json(config), to_flags(config, "evaluate"))
    write_skipped(run, skipped)
    write_predictions(run, examples.assign(split=SPLIT), head, probabilities)
    write_metrics(run, figures)
    print(evaluation_summary(figures[SPLIT], run))


def _exported(config: Config, class_names: Sequence[str]) -> tuple[ImageModule, Head]:
    """A classifier that says itself what its classes are."""
    classifier = load_classifier(config.tfhub_module, module_options(config))
    _check_classes(classifier.primary_head, class_names, config.tfhub_module)
    return classifier.module, classifier.primary_head


def _published(config: Config, class_names: Sequence[str]) -> tuple[ImageModule, Head]:
    """A classifier whose classes stand in a label file."""
    module = load_module(config.tfhub_module, module_options(config), IMAGE_CLASSIFICATION)
    labels = published_labels(config.label_map, module)
    return module, PublishedHead(labels, label_indices(class_names, labels, config.label_map))


def _check_classes(head: Head, class_names: Sequence[str], handle: str) -> None:
    unknown = [name for name in class_names if name not in head.class_names]
    if unknown:
        raise InputError(
            f"The classifier {handle!r} does not know the class {unknown[0]!r} of this folder; it knows "
            f"{', '.join(map(repr, head.class_names))}. Rename or remove the class folder."
        )
