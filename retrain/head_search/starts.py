"""Where heads begin, if not with zeros: near the publisher's weights, or at an earlier model's.

Classes that are known begin with their rows, new ones with zeros. Zeros are the average of the known classes:
what pulls at a softmax head keeps its rows' sum at 0.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from absl import logging

from retrain.data.label_map import check_label_count, meanings
from retrain.errors import InputError
from retrain.heads.head import Head
from retrain.modules.image_module import ImageModule
from retrain.modules.publisher_head import find_publisher_head
from retrain.modules.signatures import IMAGE_CLASSIFICATION

# Which part of the publisher's weights to begin with; the whole is too sure for few classes. On photos of ten
# kinds of clothes, eight with a label of ImageNet, 0.3 adds 9 and 6 points of accuracy for two MobileNets at
# 2 images per class, 3 and 0 with 10, none with 100; the whole takes 2 from the better one with 3 images.
SHARE = 0.3
SHOWN_NAMES = 5


class Start(NamedTuple):
    """A head, kernel [F, C] and bias [C], at which training begins; penalties are of the distance from it.

    To be drawn towards what is known, rather than to zero, is what few examples need (Li et al. 2018).
    """

    kernel: np.ndarray
    bias: np.ndarray


class KnownClasses(NamedTuple):
    """A head of an earlier model: kernel [F, C], bias [C], and what its columns stand for."""

    class_names: tuple[str, ...]
    kernel: np.ndarray
    bias: np.ndarray


def starts_of_earlier_model(
    named: str, known_heads: Mapping[str, KnownClasses], heads: Mapping[str, Head]
) -> dict[str, Start]:
    """The start of each head whose task the earlier model knows; one line a task tells what is known of it.

    `named` is what the user called the model; InputError where it knows none of the classes.
    """
    found = {
        task: _carried(named, known_heads[task], head) for task, head in heads.items() if task in known_heads
    }
    if not any(start.kernel.any() for start in found.values()):
        known = dict.fromkeys(name for of in known_heads.values() for name in of.class_names)
        wanted = dict.fromkeys(name for head in heads.values() for name in head.class_names)
        raise InputError(
            f"--warm_start_from={named!r} knows {_listed(list(known))}, and none of the classes to "
            f"be learned ({_listed(list(wanted))}): name its export/saved_model as --tfhub_module to begin "
            f"with its features alone."
        )
    return found


def _carried(named: str, known: KnownClasses, head: Head) -> Start:
    start = _zeros(len(known.kernel), head)
    carried = [name for name in head.class_names if name in known.class_names]
    for name in carried:
        to, of = head.class_names.index(name), known.class_names.index(name)
        start.kernel[:, to], start.bias[to] = known.kernel[:, of], known.bias[of]
    new = [name for name in head.class_names if name not in carried]
    counts, names = (len(carried), head.num_classes, named), (", ".join(carried), ", ".join(new))
    logging.info(
        "Head: %d of %d classes go on from %r (%s); new: %s.", *counts, *(text or "none" for text in names)
    )
    return start


def publisher_start(module: ImageModule, head: Head, label_map: str, labels: Sequence[str]) -> Start | None:
    """Where the head begins by the classes of the module's publisher, `labels`, that the file label_map has.

    None, and a line that says why, where there is nothing to begin with.
    """
    if IMAGE_CLASSIFICATION not in module.signatures:
        return _cold(f"{module.handle!r} has no signature {IMAGE_CLASSIFICATION}")
    check_label_count(label_map, labels, module.num_outputs(IMAGE_CLASSIFICATION), module.handle)
    found = meanings(head.class_names, labels)
    known = {name: indices[0] for name, indices in found.items() if len(indices) == 1}
    if not known:
        return _cold(f"no class folder has the name of one label in {label_map!r}")
    published = find_publisher_head(module)
    if published is None:
        return _cold(f"no weights of {module.handle!r} make its class scores of its features")
    listed = ", ".join(known)
    logging.info(
        "Head: begins with the publisher's weights for %d of %d classes: %s.",
        len(known),
        len(head.class_names),
        listed,
    )
    # A softmax does not see what all classes have in common; without it, a class that the publisher does not
    # know begins, with zeros, as the average of those that he knows.
    kernel, bias = (values - values.mean(axis=-1, keepdims=True) for values in published)
    start = _zeros(len(kernel), head)
    for position, name in enumerate(head.class_names):
        if name in known:
            start.kernel[:, position] = SHARE * kernel[:, known[name]]
            start.bias[position] = SHARE * bias[known[name]]
    return start


def _cold(reason: str) -> None:
    logging.warning("--warm_start_head: %s; the head begins with zeros.", reason)


def _zeros(num_features: int, head: Head) -> Start:
    return Start(
        np.zeros([num_features, head.num_classes], np.float32), np.zeros(head.num_classes, np.float32)
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN_NAMES]) + (", ..." if len(names) > SHOWN_NAMES else "")
