import inspect
import os
import pathlib
import shutil
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from retrain.data.augmentation.levels import LEVELS, NONE
from retrain.data.images import load_image
from retrain.examples import image_batches
from retrain.examples.image_batches import train_batches, validation_batches
from retrain.heads.sigmoid import SigmoidHead
from retrain.heads.softmax import SoftmaxHead
from retrain.settings.data import AS_USUAL, Decoding
from retrain.settings.pixels import PixelSettings

SIZE = (8, 8)
PIXELS = PixelSettings(batch_size=9, seed=1)


@dataclass
class Task:
    """A head and the labels of all examples."""

    head: Any
    labels: np.ndarray


@dataclass
class Examples:
    """What batches need of labelled examples."""

    image_dir: str
    table: pd.DataFrame
    tasks: dict[str, Task]
    decoding: Decoding = AS_USUAL

    @property
    def files(self) -> list[str]:
        return [os.path.join(self.image_dir, path) for path in self.table["path"]]


def examples(image_dir: str, validation: bool) -> Examples:
    """Of eight of each class two, or the other six; labels of another task, and weights."""
    paths = sorted(path.relative_to(image_dir).as_posix() for path in pathlib.Path(image_dir).rglob("*.png"))
    paths = [path for path in paths if (int(pathlib.Path(path).stem) >= 6) == validation]
    kind, tags = SoftmaxHead(["cyan", "magenta", "yellow"]), SigmoidHead(["warm"])
    return Examples(
        image_dir,
        pd.DataFrame({"path": paths, "weight": [1.0 + int(pathlib.Path(path).stem) for path in paths]}),
        {
            "label": Task(kind, kind.encode([path.partition("/")[0] for path in paths])),
            "tags": Task(tags, tags.encode([None if "cyan" in path else "warm" for path in paths])),
        },
    )


@pytest.mark.parametrize("memory", [0, 10**9])
def test_validation_is_every_image_of_it_once_with_its_labels(colour_folder, memory, monkeypatch):
    monkeypatch.setattr(image_batches, "EVALUATION_BATCH", 4)
    monkeypatch.setattr(image_batches, "MEMORY", memory)
    dataset = validation_batches(examples(colour_folder, validation=True), SIZE)
    for _ in range(2):
        batches = list(dataset.as_numpy_iterator())
        assert [len(inputs["images"]) for inputs, _ in batches] == [4, 2]
        labels = np.concatenate([labels["label"] for _, labels in batches])
        assert labels.tolist() == [0, 0, 1, 1, 2, 2]
        tags = np.concatenate([labels["tags"] for _, labels in batches])
        np.testing.assert_array_equal(tags, [[np.nan], [np.nan], [1], [1], [1], [1]])
        first = load_image(f"{colour_folder}/cyan/006.png", SIZE)
        np.testing.assert_array_equal(batches[0][0]["images"][0], first)


@pytest.mark.parametrize(("images", "again"), [(6, 6), (5, 0)])
def test_validation_that_fits_into_memory_is_decoded_once(
    colour_folder, images, again, tmp_path, monkeypatch
):
    monkeypatch.setattr(image_batches, "MEMORY", images * 8 * 8 * 3 * 4)
    shutil.copytree(colour_folder, tmp_path / "copy")
    some = examples(str(tmp_path / "copy"), validation=True)
    dataset = validation_batches(some, SIZE).unbatch()
    assert len(list(dataset)) == 6
    for file in some.files:
        os.remove(file)
    assert len(list(dataset)) == again


def test_training_has_its_images_with_labels_and_weights_of_each_task(colour_folder):
    batches = train_batches(examples(colour_folder, validation=False), SIZE, PIXELS, NONE)()
    seen = {}
    for inputs, labels, weights in batches.take(2).as_numpy_iterator():
        for row, image in enumerate(inputs["images"]):
            of = labels["label"][row], labels["tags"][row, 0], weights["label"][row], weights["tags"][row]
            label, tag, weight, of_tag = map(float, of)
            seen[round(weight), label] = (float(image.max()), tag, of_tag)
    assert set(seen) == {(1 + number, label) for number in range(6) for label in range(3)}
    # Labels of which nothing is known weigh nothing, and the others more, so that the mean stays the same.
    for (weight, label), (_, tag, of_tag) in seen.items():
        assert np.isnan(tag) == (label == 0)
        assert of_tag == pytest.approx(0.0 if label == 0 else 1.5 * weight)


def test_balanced_classes_weigh_the_same(colour_folder):
    some = examples(colour_folder, validation=False)
    some.table["weight"] = 1.0
    some.tasks["label"].labels = np.asarray([0] * 12 + [1] * 4 + [2] * 2, np.int32)
    for class_weights, expected in (("none", [1, 1, 1]), ("balanced", [0.5, 1.5, 3])):
        pixels = replace(PIXELS, batch_size=18, class_weights=class_weights)
        _, labels, weights = next(train_batches(some, SIZE, pixels, NONE)().as_numpy_iterator())
        by_class = [set(weights["label"][labels["label"] == label]) for label in range(3)]
        assert by_class == [{weight} for weight in expected]


def test_the_batch_of_a_step_is_the_same_from_wherever_training_goes_on(colour_folder):
    pixels = replace(PIXELS, batch_size=5)
    input_fn = train_batches(examples(colour_folder, validation=False), SIZE, pixels, LEVELS["strong"])
    assert "first_step" in inspect.signature(input_fn).parameters
    [first] = input_fn(first_step=0).skip(4).take(1).as_numpy_iterator()
    [other] = input_fn(first_step=4).take(1).as_numpy_iterator()
    assert sorted(first[0]) == ["images", "partner", "share"]
    for name in first[0]:
        np.testing.assert_array_equal(first[0][name], other[0][name])


def test_seed_and_augmentation_are_handed_on(colour_folder):
    def batch(pixels: PixelSettings, augmentation) -> np.ndarray:
        some = examples(colour_folder, validation=False)
        [(inputs, *_)] = train_batches(some, SIZE, pixels, augmentation)().take(1).as_numpy_iterator()
        return inputs["images"]

    plain = batch(PIXELS, NONE)
    assert len(plain) == 9
    assert not np.array_equal(plain, batch(replace(PIXELS, seed=2), NONE))
    assert not np.array_equal(plain, batch(PIXELS, LEVELS["light"]))
