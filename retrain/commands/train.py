"""`python -m retrain`: a folder of images becomes a classifier. The whole story, in one function."""

from collections.abc import Mapping

import pandas as pd
from absl import logging

from retrain.commands.begin_run import begin_run
from retrain.commands.earlier_model import load_base, warm_starts
from retrain.commands.find_learning_rate import find_learning_rate
from retrain.commands.fine_tuning import check_trainable, frozen_part, train_on_images, trains_on_images
from retrain.commands.image_features import ImageFeatures, image_features
from retrain.commands.inputs import Inputs
from retrain.commands.options import feature_cache_directory
from retrain.commands.recorded_examples import as_recorded, check_readable
from retrain.commands.results import task_suffix, write_results
from retrain.commands.task_flags import task_kinds
from retrain.commands.task_heads import TaskHead, task_splits, train_task
from retrain.commands.tasks import Heads, heads_of, join_labels, several_labels
from retrain.commands.training_examples import examples_without_leaks, split_examples
from retrain.commands.warm_start import warm_start
from retrain.config import Config
from retrain.data.examples import TASK
from retrain.data.listing import Listing
from retrain.model import ImageClassifier
from retrain.modules.image_module import ImageModule
from retrain.modules.signatures import IMAGE_FEATURE_VECTOR
from retrain.training.estimator import Estimator
from retrain.training.summaries import write_scalars


def train(config: Config, inputs: Inputs) -> None:
    """Features once, the best head of a small grid, the base with it if asked for, figures and exports."""
    run, listing = inputs.run_directory, inputs.listing
    module, earlier = load_base(config)
    logging.info(
        "%s takes images of %d x %d pixels and gives %d features.",
        *(module.handle, *module.image_size, module.num_features),
    )
    heads = heads_of(listing, config.head, task_kinds(config))
    check_trainable(config, module)
    examples, features, left_out = _examples_and_features(config, run, listing, module, heads)
    starts = warm_starts(earlier, heads) if earlier else {}
    if config.warm_start_head:
        starts = dict.fromkeys(heads, warm_start(module, listing.class_names, config.label_map))
    found = {
        task: train_task(
            task,
            head,
            task_splits(examples, features, task, head, config.class_weights),
            frozen_part(config),
            starts.get(task),
        )
        for task, head in heads.items()
    }
    model = _classifier(config, module, found)
    if config.find_learning_rate:
        find_learning_rate(config, run, listing.image_dir, examples, features, model)
        return
    begin_run(run, config, examples, heads, left_out)
    if trains_on_images(config):
        features, global_step = train_on_images(config, run, listing.image_dir, examples, features, model)
    else:
        global_step = _keep_heads(run, found, model)
    write_results(config, run, listing.image_dir, examples, heads, model, features, global_step)


def _examples_and_features(
    config: Config, run: str, listing: Listing, module: ImageModule, heads: Heads
) -> ImageFeatures:
    """The examples, split, their features, and what was left out; as at the begin of a run that goes on."""
    examples, leaks = examples_without_leaks(listing)
    if listing.columns is None:
        examples = join_labels(examples, listing.image_dir, heads)
    recorded = as_recorded(run, examples)
    examples, features, skipped = image_features(
        examples if recorded is None else recorded,
        listing.image_dir,
        module,
        IMAGE_FEATURE_VECTOR,
        feature_cache_directory(config),
        config.feature_engine,
        config.max_skipped_percentage,
        TASK if listing.columns is None else None,
    )
    if recorded is None:
        examples = split_examples(examples, listing, config, several_labels(examples, listing, heads))
    else:
        check_readable(run, skipped["path"].tolist())
    return ImageFeatures(examples, features, pd.concat([skipped, leaks]))


def _keep_heads(run: str, found: Mapping[str, TaskHead], model: ImageClassifier) -> int:
    """Saves a model whose heads have been trained on features; returns its step."""
    write_scalars(run, _readings(found))
    global_step = max(of_task.steps for of_task in found.values())
    Estimator(model, run).save_checkpoint(global_step)
    return global_step


def _classifier(config: Config, module: ImageModule, found: Mapping[str, TaskHead]) -> ImageClassifier:
    """The model that begins with the heads found."""
    model = ImageClassifier(
        module,
        {task: of_task.head for task, of_task in found.items()},
        config.dropout_rate,
        config.fine_tune,
        config.fine_tune_from,
        config.freeze_batch_norm,
    )
    for task, of_task in found.items():
        model.kernels[task].assign(of_task.found.kernel)
        model.biases[task].assign(of_task.found.bias)
    return model


def _readings(trained: Mapping[str, TaskHead]) -> dict[int, dict[str, float]]:
    """Losses by step, with the task in their name where there are several."""
    readings: dict[int, dict[str, float]] = {}
    for task, of_task in trained.items():
        for step, losses in of_task.found.readings.items():
            named = {key + task_suffix(task, trained): loss for key, loss in losses.items()}
            readings.setdefault(step, {}).update(named)
    return readings
