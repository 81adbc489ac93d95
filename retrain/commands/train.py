"""`python -m retrain`: a folder of images becomes a classifier. The whole story, in one function."""

from collections.abc import Mapping

from absl import logging

from retrain.commands.begin_run import begin_run
from retrain.commands.data_report import dry_run
from retrain.commands.earlier_model import load_base, warm_starts
from retrain.commands.fine_tuning import check_trainable, frozen_part, train_on_images, trains_on_images
from retrain.commands.image_features import file_keys
from retrain.commands.inputs import Inputs
from retrain.commands.label_issues import label_issues
from retrain.commands.options import feature_cache_directory
from retrain.commands.results import task_suffix, write_results
from retrain.commands.run_images import run_images
from retrain.commands.task_flags import task_kinds
from retrain.commands.task_heads import TaskHead, task_splits, train_task
from retrain.commands.tasks import heads_of
from retrain.commands.training_examples import training_examples
from retrain.commands.warm_start import warm_start
from retrain.config import Config
from retrain.model import ImageClassifier
from retrain.modules.image_module import ImageModule
from retrain.report.label_issues import write_label_issues
from retrain.training.estimator import Estimator
from retrain.training.sketches import SketchBook
from retrain.training.summaries import write_scalars


def train(config: Config, inputs: Inputs) -> None:
    """Features once, the best head of a small grid, the base with it if asked for, figures and exports."""
    run, listing = inputs.run_directory, inputs.listing
    heads = heads_of(listing, config.head, task_kinds(config))
    examples, leaks = training_examples(listing, heads)
    book = SketchBook(file_keys(examples, listing.image_dir), feature_cache_directory(config))
    if config.dry_run:
        dry_run(examples, leaks, book, inputs, heads, config)
        return
    module, earlier = load_base(config)
    logging.info(
        "%s takes images of %d x %d pixels and gives %d features.",
        *(module.handle, *module.image_size, module.num_features),
    )
    check_trainable(config, module)
    examples, features, left_out, report = run_images(config, inputs, module, heads, examples, leaks, book)
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
    begin_run(run, config, examples, heads, left_out, report)
    write_label_issues(run, label_issues(examples, features, found, config))
    model = _classifier(config, module, found)
    if trains_on_images(config):
        features, global_step = train_on_images(config, run, listing.image_dir, examples, features, model)
    else:
        global_step = _keep_heads(run, found, model)
    write_results(config, run, listing.image_dir, examples, heads, model, features, global_step)


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
