"""`python -m retrain`: a folder of images becomes a classifier. The whole story, from top to bottom."""

from collections.abc import Mapping

from retrain.commands.inputs import Inputs
from retrain.commands.train.find_learning_rate import find_learning_rate
from retrain.commands.train.fine_tuning import frozen_part, train_on_images
from retrain.commands.train.prepared import Prepared, prepare
from retrain.commands.train.results import TrainedModel, task_suffix, write_results
from retrain.examples.facts import dry_run
from retrain.head_search.task_heads import TaskHead, task_splits, train_task
from retrain.model import ImageClassifier
from retrain.modules.image_module import ImageModule
from retrain.report.summary import training_summary
from retrain.runs.begin_run import begin_run
from retrain.settings.config import Config
from retrain.training.estimator import Estimator
from retrain.training.evaluation import Figures
from retrain.training.summaries import write_scalars


def train(config: Config, inputs: Inputs) -> None:
    """Trains a classifier, unless only what images are like, or a learning rate, is asked for."""
    run, listing = inputs.run_directory, inputs.listing
    if config.dry_run:
        dry_run(config, inputs)
        return
    prepared = prepare(config, listing, run)
    if config.find_learning_rate:
        model = _classifier(config, prepared.module, _find_heads(config, prepared))
        find_learning_rate(config, run, listing.image_dir, prepared.examples, prepared.features, model)
        return
    figures, exports = train_classifier(config, prepared, listing.image_dir, run)
    print(training_summary(figures, prepared.heads, run, exports))


def train_classifier(
    config: Config, prepared: Prepared, image_dir: str, run: str
) -> tuple[dict[str, Figures], list[str]]:
    """Writes all that a run leaves behind to the directory `run`; figures by split, and exports."""
    trained = train_model(config, prepared, image_dir, run)
    return write_results(config, run, image_dir, prepared, trained)


def train_model(config: Config, prepared: Prepared, image_dir: str, run: str) -> TrainedModel:
    """The best head of a small grid, the base with it if asked for."""
    found = _find_heads(config, prepared)
    module, heads, examples, features, left_out, report, _ = prepared
    begin_run(run, config, examples, heads, left_out, report)
    model = _classifier(config, module, found)
    if config.trains_on_images:
        return TrainedModel(model, found, *train_on_images(config, run, image_dir, examples, features, model))
    return TrainedModel(model, found, features, _keep_heads(run, found, model))


def _find_heads(config: Config, prepared: Prepared) -> dict[str, TaskHead]:
    """The best head of each task on the features of the module as it is."""
    return {
        task: train_task(
            task,
            head,
            task_splits(prepared.examples, prepared.features, task, head),
            frozen_part(config),
            prepared.starts.get(task),
        )
        for task, head in prepared.heads.items()
    }


def _keep_heads(run: str, found: Mapping[str, TaskHead], model: ImageClassifier) -> int:
    """Saves a model whose heads have been trained on features; returns its step."""
    write_scalars(run, _readings(found))
    global_step = max(of_task.found.trial.steps for of_task in found.values())
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
