"""An export beside the model that was trained: whether it makes the same of images."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from retrain.data.pipeline import image_batches
from retrain.errors import InputError
from retrain.exporters import EXPORTERS, Answers, LabelledFiles
from retrain.exporters.reading_process import in_batches
from retrain.familiarity import FAMILIARITY
from retrain.heads.head import Head, Labels
from retrain.model import ImageClassifier
from retrain.modules.signatures import DEFAULT_OUTPUT, SERVING_SIGNATURE

FEW, MANY = 64, 256  # images for a format that computes as the model does, and for one that rounds
TOLERANCE = 1e-3  # of a probability, beyond which an export is another classifier
LITTLE = 0.02  # of accuracy, which formats that round may lose without a word


class Judge(NamedTuple):
    """The labels [N, ...] of images, one of them at least known, and the head that they are of."""

    task: str
    head: Head
    labels: Labels

    def accuracy(self, probabilities: np.ndarray) -> float:
        """The share of images with a label for which probabilities [N, C] are right."""
        known = self.head.labelled(self.labels)
        return float(self.head.right(self.labels, probabilities)[known].mean())


class Sample(NamedTuple):
    """Images float32 [N, H, W, 3] of a split, and who knows of them.

    `trained` gives what the trained model makes of images; `judges` know, by key, what is right.
    """

    split: str
    images: np.ndarray
    trained: Answers
    judges: Mapping[str, Judge] = MappingProxyType({})

    def expected(self) -> dict[str, np.ndarray]:
        """What the trained model makes of them, arrays [N, ...] by key."""
        return _in_float32(self.trained, self.images) if len(self.images) else {}


def sample_of(model: ImageClassifier, files: LabelledFiles, count: int) -> Sample:
    """`count` of these files at most, spread over all of them, without those that are no images."""
    chosen = np.linspace(0, len(files.paths) - 1, min(count, len(files.paths))).astype(int)
    paths = [files.paths[place] for place in chosen]
    batches = image_batches(paths, model.image_size, len(paths), model.decoding) if paths else []
    nothing = (np.zeros(0, int), np.zeros([0, *model.image_size, 3], np.float32))
    rows, images = next((tuple(map(np.asarray, batch)) for batch in batches), nothing)
    return Sample(files.split, images, _answers_of(model), _judges(model, files.cells, chosen[rows]))


def _answers_of(model: ImageClassifier) -> Answers:
    def answers(images: np.ndarray) -> dict[str, np.ndarray]:
        found = model.outputs(tf.constant(images), SERVING_SIGNATURE)
        return {key: values.numpy() for key, values in found.items() if key != FAMILIARITY}

    return answers


def _in_float32(trained: Answers, images: np.ndarray) -> dict[str, np.ndarray]:
    """For processors compute in it, and accelerators in less where nobody asks them."""
    is_less = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    try:
        return in_batches(trained, images)
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(is_less)


def _judges(
    model: ImageClassifier, cells: Mapping[str, Sequence[str | None]], places: np.ndarray
) -> dict[str, Judge]:
    judges = {}
    for task, head in model.heads.items():
        labels = head.encode([cells[task][place] for place in places]) if task in cells else None
        if labels is not None and head.labelled(labels).any():
            judges[task if len(model.heads) > 1 else DEFAULT_OUTPUT] = Judge(task, head, labels)
    return judges


def compared(
    name: str, found: Mapping[str, np.ndarray], sample: Sample, expected: Mapping[str, np.ndarray]
) -> str:
    """What an export, which makes this of the images, was found to be; InputError for another classifier."""
    told = list(expected)[: 1 if EXPORTERS[name].of_first_task else None]
    expected = {key: expected[key] for key in told}
    largest = np.max([np.abs(found[key] - values).max() for key, values in expected.items()])
    images = f"{len(sample.images)} {sample.split} images"
    if np.isnan(largest):
        raise InputError(
            f"read again, it gives no numbers (nan) for some of {images}: what it computes with is too large "
            f"or too small for this format."
        )
    if EXPORTERS[name].is_exact and not largest <= TOLERANCE:
        raise InputError(
            f"read again, its probabilities of {images} differ by up to {largest:.2g} from those of the "
            f"trained classifier."
        )
    words = f"read again, probabilities of {images} differ by {largest:.1g} at most"
    judged = [_judged(of, found[key], expected[key]) for key, of in sample.judges.items() if key in expected]
    return "; ".join([f"{words}, and {_agreement(found, expected)} keep their class", *judged])


def _agreement(found: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray]) -> str:
    """Of how many images the most probable class is the same; of several tasks, in all of them."""
    same = [found[key].argmax(axis=1) == values.argmax(axis=1) for key, values in expected.items()]
    return f"{np.logical_and.reduce(same).sum()} of {len(same[0])}"


def _judged(judge: Judge, found: np.ndarray, expected: np.ndarray) -> str:
    """How often each of the two is right, by what its head is judged by first."""
    measure = next(iter(judge.head.headlines.values()))
    now, before = judge.accuracy(found), judge.accuracy(expected)
    if now == before:
        return f"{measure} of {judge.task!r} on them {now:.1%}, as of the trained classifier"
    lost = f": {100 * (before - now):.1f} points are lost" if before - now > LITTLE else ""
    return f"{measure} of {judge.task!r} on them {now:.1%}, of the trained classifier {before:.1%}{lost}"
