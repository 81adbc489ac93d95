"""Large images are decoded one after the other, and are what they would be beside others."""

import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from retrain.data import loaded_images
from retrain.data.images import Made, Stored, image, image_and_facts
from retrain.data.loaded_images import loaded
from retrain.settings.data import AS_USUAL, Decoding
from tests.hostile_folder import seeds


@pytest.fixture
def files(tmp_path) -> tf.data.Dataset:
    """Of 12 and 48 pixels in turn."""
    for index in range(8):
        size = (4, 3) if index % 2 else (8, 6)
        Image.new("RGBA", size, (9 * index, 0, 90, 40 * index)).save(tmp_path / f"{index}.png")
    paths = [str(tmp_path / f"{index}.png") for index in range(8)]
    return tf.data.Dataset.from_tensor_slices((np.arange(8), paths))


@pytest.mark.parametrize("large", [0, 20, 100])
def test_what_is_made_does_not_depend_on_it(files, large, monkeypatch):
    made = image_and_facts((5, 7))
    expected = [made.read(path) for _, path in files]
    monkeypatch.setattr(loaded_images, "LARGE", large)
    found = [*loaded(files, made, parallel=4)]
    assert [int(row) for row, _ in found] == [*range(8)]
    for (_, one), other in zip(found, expected, strict=True):
        tf.nest.map_structure(np.testing.assert_array_equal, one, other)


@pytest.mark.parametrize("contents", seeds())
def test_a_large_image_is_what_it_would_be_if_it_were_small(contents, tmp_path):
    (tmp_path / "x").write_bytes(contents)
    made = image_and_facts((5, 7), Decoding("#204060"))
    try:
        expected = made.read(tf.constant(str(tmp_path / "x")))
    except tf.errors.OpError:
        with pytest.raises(tf.errors.OpError):
            made.read_apart(bytes(tmp_path / "x"))
        return
    found = made.read_apart(bytes(tmp_path / "x"))
    tf.nest.map_structure(np.testing.assert_array_equal, found, expected)


PEAK = """
import resource, sys
from retrain.data.pipeline import batches_with_facts

def peak(*paths):
    [_] = batches_with_facts(paths, (32, 32), 8).as_numpy_iterator()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

small, large, pixels = sys.argv[1:]
print((-peak(small) + peak(small, large)) / int(pixels))
"""


@pytest.mark.parametrize(("ending", "mode", "most"), [("bmp", "RGB", 12), ("tif", "RGBA", 14.5)])
def test_what_a_large_image_takes_of_memory(tmp_path, ending, mode, most):
    """In bytes a pixel, of uncompressed files; what does not grow with the image takes two of them here."""
    side = 5000
    Image.new(mode, (8, 8)).save(tmp_path / f"small.{ending}")
    Image.new(mode, (side, side), 200).save(tmp_path / f"large.{ending}")
    files = [str(tmp_path / f"{name}.{ending}") for name in ("small", "large")]
    done = subprocess.run(
        [sys.executable, "-c", PEAK, *files, str(side**2)], capture_output=True, text=True, check=True
    )
    assert float(done.stdout) < most


def test_only_one_large_image_is_decoded_at_a_time(files, monkeypatch):
    monkeypatch.setattr(loaded_images, "LARGE", 1)
    running, seen = [], []

    def begun(_: bytes) -> np.int32:
        running.append(1)
        seen.append(len(running))
        time.sleep(0.01)  # in which another one would begin
        running.pop()
        return np.int32(1)

    def make(stored: Stored, _: object) -> tf.Tensor:
        return tf.ensure_shape(tf.numpy_function(begun, [stored.orientation], tf.int32), [])

    assert len([*loaded(files, Made(make, tf.TensorSpec([], tf.int32), AS_USUAL), parallel=4)]) == 8
    assert seen == [1] * 8


def test_what_cannot_be_decoded_is_an_error_of_its_own(files, tmp_path, monkeypatch):
    monkeypatch.setattr(loaded_images, "LARGE", 20)
    (tmp_path / "2.png").write_bytes((tmp_path / "2.png").read_bytes()[:60])
    (tmp_path / "5.png").write_bytes(b"no image")
    found = loaded(files, image((5, 7)), parallel=4).ignore_errors()
    assert [int(row) for row, _ in found] == [0, 1, 3, 4, 6, 7]
