import os

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from retrain.data import decoded_images
from retrain.data.decoded_images import DecodedImages, decoded_batches
from retrain.data.images import load_image, rounded


@pytest.fixture
def paths(tmp_path) -> tuple[str, ...]:
    for index in range(5):
        Image.new("RGB", (4, 6), (index, 10 * index, 255 - index)).save(tmp_path / f"{index}.png")
    return tuple(str(tmp_path / f"{index}.png") for index in range(5))


def test_a_rounded_image_is_the_image_in_whole_numbers(tmp_path):
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 7, 3), np.uint8)).save(tmp_path / "a.png")
    path = tf.constant(str(tmp_path / "a.png"))
    whole = rounded((5, 6)).read(path)
    assert whole.dtype == tf.uint8
    np.testing.assert_allclose(whole, load_image(path, (5, 6)) * 255, atol=0.501)


@pytest.mark.parametrize(("memory", "reads"), [(5 * 3 * 2 * 3, False), (5 * 3 * 2 * 3 - 1, True)])
def test_images_are_kept_where_they_fit(paths, memory, reads, monkeypatch):
    monkeypatch.setattr(decoded_images, "MEMORY", memory)
    rows = tf.data.Dataset.from_tensor_slices(np.array([[4, 0], [1, 1]]))
    batches = decoded_batches(DecodedImages(paths, (3, 2), True), rows, 2, parallel=2)
    assert batches.element_spec == tf.TensorSpec([2, 3, 2, 3], tf.uint8)
    if not reads:
        for path in paths:
            os.remove(path)
    reds = [batch[:, 0, 0, 0].numpy().tolist() for batch in batches]
    assert reds == [[4, 0], [1, 1]]


def test_the_last_images_are_there_for_another_training(paths):
    rows = tf.data.Dataset.from_tensor_slices(np.array([[4, 0], [1, 1]]))
    [first, _] = decoded_batches(DecodedImages(paths, (3, 2), False), rows, 2, parallel=2)
    for path in paths:
        os.remove(path)
    [again, _] = decoded_batches(DecodedImages(paths, (3, 2), False), rows, 2, parallel=2)
    np.testing.assert_array_equal(first, again)
