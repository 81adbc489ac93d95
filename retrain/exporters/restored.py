"""The classifier of an export, as it was trained: for further formats of it."""

from retrain.errors import InputError
from retrain.exporters.reload import load_classifier
from retrain.exporters.stored_familiarity import read_familiarity
from retrain.model import ImageClassifier
from retrain.modules.publisher_head import find_publisher_head


def restored_classifier(directory: str) -> ImageClassifier:
    """The base, the heads and the familiarity of an export that is a module; InputError for one of others."""
    exported = load_classifier(directory)
    familiarity = read_familiarity(directory) if exported.familiarity else None
    model = ImageClassifier(
        exported.module, exported.heads, decoding=exported.decoding, familiarity=familiarity
    )
    for task, signature in exported.signatures.items():
        layer = find_publisher_head(exported.module, signature)
        if layer is None:
            raise InputError(
                f"{directory!r} cannot be exported again: the layer that gives the logits of {task!r} is not "
                f"found in it; train the classifier again."
            )
        model.kernels[task].assign(layer.kernel)
        model.biases[task].assign(layer.bias)
    return model
