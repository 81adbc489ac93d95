"""The heads of a frozen module, of each task the best of a small grid; the model that begins with them."""

from collections.abc import Mapping

from retrain.commands.train.prepare import Prepared
from retrain.head_search.search import BestHead, search_task
from retrain.model import ImageClassifier
from retrain.settings.config import Config
from retrain.settings.head import HeadSettings
from retrain.settings.training import TrainingSettings


def best_heads(settings: HeadSettings, prepared: Prepared) -> dict[str, BestHead]:
    """By task, on the features of the module as it is."""
    examples = prepared.examples
    return {
        task: search_task(task, head, settings, examples.by_split(task), prepared.starts.get(task))
        for task, head in examples.heads.items()
    }


def classifier(config: Config, prepared: Prepared, best: Mapping[str, BestHead]) -> ImageClassifier:
    """The model that begins with these heads, to be trained as the settings of pixels say."""
    training: TrainingSettings = config.pixels if config.trains_on_images else config.head
    model = ImageClassifier(
        prepared.module,
        {task: found.head for task, found in best.items()},
        training.dropout_rate,
        train_base=config.pixels.fine_tune,
        fine_tune_from=config.pixels.fine_tune_from,
        freeze_batch_norm=config.pixels.freeze_batch_norm,
    )
    for task, found in best.items():
        model.kernels[task].assign(found.kernel)
        model.biases[task].assign(found.bias)
    return model


def histories(best: Mapping[str, BestHead]) -> dict[int, dict[str, float]]:
    """Losses by step, with the task in their name where there are several."""
    by_step: dict[int, dict[str, float]] = {}
    for task, found in best.items():
        suffix = f"/{task}" if len(best) > 1 else ""
        for step, losses in found.history.items():
            by_step.setdefault(step, {}).update({key + suffix: loss for key, loss in losses.items()})
    return by_step
