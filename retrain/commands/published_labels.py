"""The labels of the classes that a module was published with, from --label_map."""

from retrain.data.label_map import read_label_map
from retrain.errors import InputError
from retrain.modules.image_module import ImageModule
from retrain.modules.signatures import IMAGE_CLASSIFICATION


def published_labels(path: str, module: ImageModule) -> tuple[str, ...]:
    """The lines of the file; InputError unless there is one for each class score of the module."""
    labels, count = read_label_map(path), module.num_outputs(IMAGE_CLASSIFICATION)
    if len(labels) != count:
        raise InputError(
            f"--label_map={path!r} has {len(labels)} lines, and {module.handle!r} gives scores for {count} "
            f"classes: name the label file of this module, which may begin with a line for the background."
        )
    return labels
