"""`python -m retrain evaluate`: an exported classifier on a folder of images, without the run it is of.

With --label_map, any module that classifies images, by the classes that its publisher gave it.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import tensorflow as tf

from retrain.commands.image_features import image_features
from retrain.commands.inputs import Inputs
from retrain.commands.options import module_options
from retrain.commands.published_labels import published_labels
from retrain.commands.tasks import Heads, join_labels
from retrain.config import Config, to_flags, to_json
from retrain.data.examples import TASK, examples_table
from retrain.data.label_map import label_indices
from retrain.data.listing import Listing
from retrain.errors import InputError
from retrain.export.reload import load_classifier
from retrain.heads.head import Head
from retrain.heads.published import PublishedHead
from retrain.modules.image_module import ImageModule
from retrain.modules.load import load_module
from retrain.modules.signatures import IMAGE_CLASSIFICATION, task_signature
from retrain.report.run_files import write_metrics, write_predictions, write_settings, write_skipped
from retrain.report.summary import evaluation_summary
from retrain.training.evaluation import figures_by_task

SPLIT = "evaluation"


def evaluate(config: Config, inputs: Inputs) -> None:
    """Figures over all images of the folder, whatever their split, and a prediction for each."""
    run, listing = inputs.run_directory, inputs.listing
    module, heads = (_exported if config.label_map is None else _published)(config, listing)
    examples = examples_table(listing)
    if listing.columns is None:
        examples = join_labels(examples, listing.image_dir, heads)
    examples, probabilities, skipped = _pass(config, listing, examples, module, heads)
    labels = {task: head.encode(examples[task]) for task, head in heads.items() if task in examples}
    figures = {SPLIT: figures_by_task(heads, labels, probabilities)}
    write_settings(run, to_json(config), to_flags(config, "evaluate"))
    write_skipped(run, skipped)
    write_predictions(run, examples.assign(split=SPLIT), heads, probabilities)
    write_metrics(run, figures)
    print(evaluation_summary(figures[SPLIT], run))


def _pass(
    config: Config, listing: Listing, examples: pd.DataFrame, module: ImageModule, heads: Heads
) -> tuple[pd.DataFrame, dict[str, np.ndarray], pd.DataFrame]:
    """Examples, probabilities by task, and what was skipped; images pass through the module for each task."""
    probabilities, skipped = {}, []
    column = TASK if listing.columns is None else None
    for position, (task, head) in enumerate(heads.items()):
        signature = task_signature(task, primary=not position)
        examples, logits, left_out = image_features(
            examples,
            listing.image_dir,
            module,
            signature,
            None,
            "auto",
            config.max_skipped_percentage,
            column,
        )
        probabilities[task] = head.probabilities(tf.constant(logits)).numpy()
        skipped.append(left_out)
    return examples, probabilities, pd.concat(skipped)


def _exported(config: Config, listing: Listing) -> tuple[ImageModule, Heads]:
    """A classifier that says itself what its classes are."""
    module, heads = load_classifier(config.tfhub_module, module_options(config))
    if listing.columns is None:
        head = next(iter(heads.values()))
        _check_classes(head, listing.class_names, config.tfhub_module)
        return module, {TASK: head} if len(heads) == 1 else {TASK: head, **dict(list(heads.items())[1:])}
    tasks = listing.columns.tasks
    if not set(tasks) & set(heads):
        raise InputError(
            f"The classifier {config.tfhub_module!r} has the tasks {', '.join(map(repr, heads))}, and "
            f"--labels_file={config.labels_file!r} has labels of {', '.join(map(repr, tasks))}: "
            f"rename its columns."
        )
    for task, head in heads.items():
        known = [cell for cell in tasks.get(task, ()) if cell is not None]
        _check_classes(
            head, sorted({name for cell in known for name in head.names_in(cell)}), config.tfhub_module
        )
    return module, heads


def _published(config: Config, listing: Listing) -> tuple[ImageModule, Heads]:
    """A classifier whose classes stand in a label file."""
    module = load_module(config.tfhub_module, module_options(config), IMAGE_CLASSIFICATION)
    labels = published_labels(config.label_map, module)
    indices = label_indices(listing.class_names, labels, config.label_map)
    return module, {TASK: PublishedHead(labels, indices)}


def _check_classes(head: Head, class_names: Sequence[str], handle: str) -> None:
    unknown = [name for name in class_names if name not in head.class_names]
    if unknown:
        raise InputError(
            f"The classifier {handle!r} does not know the class {unknown[0]!r} of this folder; it knows "
            f"{', '.join(map(repr, head.class_names))}. Rename or remove the class folder."
        )
