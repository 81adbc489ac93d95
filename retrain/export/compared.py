"""An export beside the model that was trained: whether it makes the same of images."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from retrain.data.pipeline import image_batches
from retrain.errors import InputError
from retrain.export import EXPORTERS, answers_of
from retrain.familiarity import FAMILIARITY
from retrain.model import ImageClassifier
from retrain.modules.signatures import SERVING_SIGNATURE

FEW, MANY = 16, 64  # images for a format that computes as the model does, and for one that rounds
TOLERANCE = 1e-3  # of a probability, beyond which an export is another classifier


class Sample(NamedTuple):
    """Images float32 [N, H, W, 3], and what the trained model makes of them, arrays [N, ...] by key."""

    images: np.ndarray
    expected: Mapping[str, np.ndarray]


def sample_of(model: ImageClassifier, files: Sequence[str], count: int) -> Sample:
    """`count` of these files at most, spread over all of them, without those that are no images."""
    chosen = [files[place] for place in np.linspace(0, len(files) - 1, min(count, len(files))).astype(int)]
    batches = image_batches(chosen, model.image_size, len(chosen), model.background) if chosen else []
    images = [batch.numpy() for _, batch in batches] or [np.zeros([0, *model.image_size, 3], np.float32)]
    outputs = model.outputs(tf.constant(images[0]), SERVING_SIGNATURE)
    return Sample(images[0], {key: values.numpy() for key, values in outputs.items() if key != FAMILIARITY})


def compared(name: str, directory: str, sample: Sample) -> str:
    """What the export in the directory was found to be, in words; InputError for another classifier."""
    is_exact, count = EXPORTERS[name].is_exact, len(sample.images)
    images = sample.images[: FEW if is_exact else MANY]
    if not count:
        return "no image to compare it on"
    found = answers_of(name, directory)(images)
    told = list(sample.expected)[: 1 if EXPORTERS[name].of_first_task else None]
    expected = {key: sample.expected[key][: len(images)] for key in told}
    largest = max(float(np.abs(found[key] - values).max()) for key, values in expected.items())
    if is_exact and not largest <= TOLERANCE:
        raise InputError(
            f"read again, its probabilities of {len(images)} images differ by up to {largest:.2g} from those "
            f"of the trained classifier."
        )
    words = f"read again, probabilities of {len(images)} images differ by {largest:.1g} at most"
    return words if is_exact else f"{words}, and {_agreement(found, expected)} keep their class"


def _agreement(found: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray]) -> str:
    """Of how many images the most probable class is the same; of several tasks, in all of them."""
    same = [found[key].argmax(axis=1) == values.argmax(axis=1) for key, values in expected.items()]
    return f"{np.logical_and.reduce(same).sum()} of {len(same[0])}"
