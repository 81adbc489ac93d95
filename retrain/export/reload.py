"""An exported classifier, read again: the module, and the heads that know its labels."""

from collections.abc import Mapping
from typing import NamedTuple

from retrain.export.assets import check_is_classifier
from retrain.export.documents import read_heads
from retrain.heads.head import Head
from retrain.modules.image_module import ImageModule, ModuleOptions
from retrain.modules.load import NO_OPTIONS, load_module
from retrain.modules.resolve import resolve
from retrain.modules.signatures import IMAGE_CLASSIFICATION, task_signature


class ExportedClassifier(NamedTuple):
    """A module whose `image_classification` gives the logits of the first of `heads`, and of all tasks."""

    module: ImageModule
    heads: Mapping[str, Head]

    @property
    def signatures(self) -> Mapping[str, str]:
        """The signature of the logits of each task."""
        primary = next(iter(self.heads))
        return {task: task_signature(task, task == primary) for task in self.heads}

    @property
    def primary_head(self) -> Head:
        return next(iter(self.heads.values()))


def load_classifier(handle: str, options: ModuleOptions = NO_OPTIONS) -> ExportedClassifier:
    """Loads what a run exported; InputError when the module does not say what its classes are."""
    directory = resolve(handle).location
    check_is_classifier(directory, handle)
    heads = read_heads(directory)
    return ExportedClassifier(load_module(handle, options, IMAGE_CLASSIFICATION), heads)
