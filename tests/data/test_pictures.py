import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from retrain.data import pictures
from retrain.data.images import load_image
from retrain.data.pictures import load_picture, picture_batches


@pytest.fixture
def paths(tmp_path):
    for index in range(5):
        Image.new("RGB", (4, 6), (index, 10 * index, 255 - index)).save(tmp_path / f"{index}.png")
    return tf.constant([str(tmp_path / f"{index}.png") for index in range(5)])


def test_a_picture_is_the_image_in_whole_numbers(tmp_path):
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 7, 3), np.uint8)).save(tmp_path / "a.png")
    path = tf.constant(str(tmp_path / "a.png"))
    picture = load_picture(path, (5, 6))
    assert picture.dtype == tf.uint8
    np.testing.assert_allclose(picture, load_image(path, (5, 6)) * 255, atol=0.501)


@pytest.mark.parametrize(("memory", "reads"), [(5 * 3 * 2 * 3, False), (5 * 3 * 2 * 3 - 1, True)])
def test_pictures_are_kept_where_they_fit(paths, memory, reads, monkeypatch):
    monkeypatch.setattr(pictures, "MEMORY", memory)
    rows = tf.data.Dataset.from_tensor_slices(np.array([[4, 0], [1, 1]]))
    batches = picture_batches(paths, rows, 2, lambda path: load_picture(path, (3, 2)), parallel=2)
    assert batches.element_spec == tf.TensorSpec([2, 3, 2, 3], tf.uint8)
    if not reads:
        for path in paths.numpy():
            tf.io.gfile.remove(path)
    reds = [batch[:, 0, 0, 0].numpy().tolist() for batch in batches]
    assert reds == [[4, 0], [1, 1]]
