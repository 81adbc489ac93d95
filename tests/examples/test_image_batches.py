import pathlib

import numpy as np
import pandas as pd
import pytest

from retrain.commands.train import training_images
from retrain.commands.train.training_images import train_batches, validation_batches
from retrain.data.augmentation.levels import NONE
from retrain.data.images import load_image
from retrain.heads.sigmoid import SigmoidHead
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier

CLASSES = ["cyan", "magenta", "yellow"]


@pytest.fixture
def examples(colour_folder) -> pd.DataFrame:
    """Eight of each class, two of them for validation; labels of another task, and weights."""
    paths = sorted(
        path.relative_to(colour_folder).as_posix() for path in pathlib.Path(colour_folder).rglob("*.png")
    )
    numbers = [int(pathlib.Path(path).stem) for path in paths]
    return pd.DataFrame(
        {
            "path": paths,
            "label": [path.partition("/")[0] for path in paths],
            "tags": pd.Series([None if "cyan" in path else "warm" for path in paths], dtype=object),
            "split": ["validation" if number >= 6 else "train" for number in numbers],
            "weight": [1.0 + number for number in numbers],
        }
    )


@pytest.fixture
def model(loaded_module) -> ImageClassifier:
    return ImageClassifier(loaded_module, {"label": SoftmaxHead(CLASSES), "tags": SigmoidHead(["warm"])})


def test_validation_is_every_image_of_it_once_with_its_labels(colour_folder, examples, model, monkeypatch):
    monkeypatch.setattr(training_images, "EVALUATION_BATCH", 4)
    for memory in (0, 10**9):
        monkeypatch.setattr(training_images, "MEMORY", memory)
        dataset = validation_batches(colour_folder, examples, model)
        for _ in range(2):
            batches = list(dataset.as_numpy_iterator())
            assert [len(inputs["images"]) for inputs, _ in batches] == [4, 2]
            labels = np.concatenate([labels["label"] for _, labels in batches])
            assert labels.tolist() == [0, 0, 1, 1, 2, 2]
            tags = np.concatenate([labels["tags"] for _, labels in batches])
            np.testing.assert_array_equal(tags, [[np.nan], [np.nan], [1], [1], [1], [1]])
            first = load_image(f"{colour_folder}/cyan/006.png", (8, 8))
            np.testing.assert_array_equal(batches[0][0]["images"][0], first)


def test_training_has_the_images_of_its_split_with_labels_and_weights_of_each_task(
    colour_folder, examples, model
):
    dataset = train_batches(colour_folder, examples, model, 9, NONE, "none", seed=1, first_step=0)
    batches = list(dataset.take(2).as_numpy_iterator())
    seen = {}
    for inputs, labels, weights in batches:
        for image, label, tag, weight, of_tag in zip(
            *(inputs["images"], labels["label"], labels["tags"][:, 0], weights["label"], weights["tags"]),
            strict=True,
        ):
            seen[round(float(weight)), int(label)] = (float(image.max()), float(tag), float(of_tag))
    assert set(seen) == {(1 + number, label) for number in range(6) for label in range(3)}
    # Labels of which nothing is known weigh nothing, and the others more, so that the mean stays the same.
    for (weight, label), (_, tag, of_tag) in seen.items():
        assert np.isnan(tag) == (label == 0)
        assert of_tag == pytest.approx(0.0 if label == 0 else 1.5 * weight)


def test_the_batch_of_a_step_is_the_same_from_wherever_training_goes_on(colour_folder, examples, model):
    def batch(first_step, skipped):
        dataset = train_batches(
            colour_folder, examples, model, 5, NONE, "none", seed=1, first_step=first_step
        )
        return next(dataset.skip(skipped).as_numpy_iterator())

    for one, other in zip(batch(0, 4)[0].values(), batch(4, 0)[0].values(), strict=True):
        np.testing.assert_array_equal(one, other)
