"""Tells of a module that was made for pixels of another range than the one it is given, and refuses a range
that makes no difference to heads on its features.
"""

import numpy as np
import pandas as pd
import tensorflow as tf
from absl import logging

from retrain.data.images import load_image
from retrain.errors import InputError
from retrain.examples.labelled import LabelledExamples
from retrain.modules.image_module import ImageModule
from retrain.modules.inspection.input_range import (
    FAR_BETTER,
    FAR_NEARER,
    OF_BYTES,
    gain_of,
    nearness_of_signed,
    refuses_bright,
)
from retrain.modules.scaled_module import ScaledModule
from retrain.modules.sources.source import INPUT, source_of
from retrain.settings.module import ModuleSettings

IMAGES = 8
BRIGHT, SIGNED = "--module_input_range=0,255", "--module_input_range=-1,1"


def check_range_matters(module: ImageModule) -> None:
    """InputError where the range that was said only makes the features so many times as large.

    As those of a network without biases are: heads, which are trained at the scale of the features, are then
    what they would be without it. Not of a network that is known to have been made for such pixels.
    """
    if not isinstance(module, ScaledModule) or module.module.divides_by > OF_BYTES:
        return
    images = np.random.default_rng(0).random([IMAGES, *module.image_size, 3], np.float32)
    # In float64: where the network gives nothing of [0, 1] the factor is no float32.
    features, plain = (of(images).numpy().astype(np.float64) for of in (module, module.module))
    factor = float(np.abs(features).sum() / max(np.abs(plain).sum(), np.finfo(np.float32).tiny))
    if np.allclose(features, factor * plain, rtol=1e-4, atol=1e-5 * np.abs(features).max()):
        said = " and ".join(f"--{name}" for name in sorted(INPUT) if module.says(name))
        raise InputError(
            f"{said} has no effect on {module.handle!r}, but that its features are {factor:.4g} times as "
            f"large: leave it out."
        )


def tell_input_range(
    module: ImageModule, examples: LabelledExamples, settings: ModuleSettings, is_new: bool
) -> str:
    """A warning that names the flag, where a module looks as if made for pixels of another range; that flag.

    Not of a module that knows its range, or whose range the user has said. That of [-1, 1] takes a graph for
    training, seconds, and is told when images pass through the module (`is_new`), not when their features had
    been remembered.
    """
    said = any(getattr(settings, name) != getattr(ModuleSettings(), name) for name in INPUT)
    if said or settings.warm_start_from is not None or not source_of(module.handle).reads >= INPUT:
        return ""
    if module.divides_by > OF_BYTES:
        seen = f"begins with a layer that divides pixels by {module.divides_by:.4g}"
        return _tell(
            module, f"{seen}, as if made for those in [0, 255], and is given those in [0, 1]", BRIGHT
        )
    if refuses_bright(module):
        return ""
    rows = some_of_each_class(examples, IMAGES)
    paths = [tf.constant(examples.files[row]) for row in rows]
    images = tf.stack([load_image(path, module.image_size, examples.decoding) for path in paths])
    gain = gain_of(np.asarray(examples.features[rows]), module(255.0 * images).numpy())
    if gain > FAR_BETTER:
        seen = f"tells images in [0, 255] apart {gain:.0f} times as well as in [0, 1]"
        return _tell(module, f"{seen}, which it is given, as if made for these", BRIGHT)
    nearness = nearness_of_signed(module) if is_new else 1.0
    if nearness > FAR_NEARER:
        seen = f"has a first batch norm that remembers images {nearness:.0f} times nearer to those in [-1, 1]"
        return _tell(
            module, f"{seen} than to those in [0, 1], which it is given, as if made for these", SIGNED
        )
    return ""


def _tell(module: ImageModule, seen: str, flag: str) -> str:
    logging.warning("%r %s: %s says so.", module.handle, seen, flag)
    return flag


def some_of_each_class(examples: LabelledExamples, count: int) -> np.ndarray:
    """Positions of examples: the first of each class of the first task, then the second ones."""
    task = next(iter(examples.tasks.values()))
    strata = pd.Series(task.head.strata(task.labels))
    return np.argsort(strata.groupby(strata).cumcount().to_numpy(), kind="stable")[:count]
