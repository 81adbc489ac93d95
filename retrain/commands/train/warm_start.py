"""Where --warm_start_head lets a head begin: near the publisher's weights of the classes of the folder."""

from collections.abc import Sequence

import numpy as np
from absl import logging

from retrain.commands.published_labels import published_labels
from retrain.data.label_map import meanings
from retrain.head_search.trial import Start
from retrain.modules.image_module import ImageModule
from retrain.modules.publisher_head import find_publisher_head
from retrain.modules.signatures import IMAGE_CLASSIFICATION

# Which part of the publisher's weights to begin with; the whole is too sure for few classes. On photos of ten
# kinds of clothes, eight with a label of ImageNet, 0.3 adds 9 and 6 points of accuracy for two MobileNets at
# 2 images per class, 3 and 0 with 10, none with 100; the whole takes 2 from the better one with 3 images.
SHARE = 0.3


def warm_start(module: ImageModule, class_names: Sequence[str], label_map: str) -> Start | None:
    """The head to begin with; None, and a line that says why, where there is nothing to begin with."""
    if IMAGE_CLASSIFICATION not in module.signatures:
        return _cold(f"{module.handle!r} has no signature {IMAGE_CLASSIFICATION}")
    labels = published_labels(label_map, module)
    known = {name: found[0] for name, found in meanings(class_names, labels).items() if len(found) == 1}
    if not known:
        return _cold(f"no class folder has the name of one label in {label_map!r}")
    published = find_publisher_head(module)
    if published is None:
        return _cold(f"no weights of {module.handle!r} make its class scores of its features")
    logging.info(
        "Head: begins with the publisher's weights for %d of %d classes: %s.",
        *(len(known), len(class_names), ", ".join(known)),
    )
    # A softmax does not see what all classes have in common; without it, a class that the publisher does not
    # know begins, with zeros, as the average of those that he knows.
    kernel, bias = (values - values.mean(axis=-1, keepdims=True) for values in published)
    start = Start(
        np.zeros([len(kernel), len(class_names)], np.float32), np.zeros(len(class_names), np.float32)
    )
    for position, name in enumerate(class_names):
        if name in known:
            start.kernel[:, position] = SHARE * kernel[:, known[name]]
            start.bias[position] = SHARE * bias[known[name]]
    return start


def _cold(reason: str) -> None:
    logging.warning("--warm_start_head: %s; the head begins with zeros.", reason)
