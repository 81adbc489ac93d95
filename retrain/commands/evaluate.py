"""`python -m retrain evaluate`: an exported classifier on a folder of images, without the run it came from."""

from collections.abc import Sequence

import tensorflow as tf

from retrain.commands.image_features import image_features
from retrain.commands.inputs import Inputs
from retrain.commands.options import module_options
from retrain.config import Config, to_flags, to_json
from retrain.data.examples import TASK, examples_table
from retrain.errors import InputError
from retrain.export.reload import load_classifier
from retrain.heads.head import Head
from retrain.modules.signatures import IMAGE_CLASSIFICATION
from retrain.report.run_files import write_metrics, write_predictions, write_settings, write_skipped
from retrain.report.summary import evaluation_summary

SPLIT = "evaluation"


def evaluate(config: Config, inputs: Inputs) -> None:
    """Figures over all images of the folder, whatever their split, and a prediction for each."""
    run, listing = inputs.run_directory, inputs.listing
    classifier = load_classifier(config.tfhub_module, module_options(config))
    head = classifier.primary_head
    _check_classes(head, listing.class_names, config.tfhub_module)
    examples, logits, skipped = image_features(
        examples_table(listing),
        listing.image_dir,
        classifier.module,
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


def _check_classes(head: Head, class_names: Sequence[str], handle: str) -> None:
    unknown = [name for name in class_names if name not in head.class_names]
    if unknown:
        raise InputError(
            f"The classifier {handle!r} does not know the class {unknown[0]!r} of this folder; it knows "
            f"{', '.join(map(repr, head.class_names))}. Rename or remove the class folder."
        )
