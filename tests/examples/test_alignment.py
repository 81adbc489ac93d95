import numpy as np
import pytest

from retrain.examples import alignment
from retrain.examples.alignment import is_same_photo
from tests.examples.test_near_duplicates import copy, picture, thumbnail


@pytest.fixture(scope="module")
def thumbnails() -> tuple[np.ndarray, np.ndarray]:
    """Of pictures, and of copies of them that were cut."""
    seen = [picture(seed) for seed in range(30)]
    both = seen, [copy(image, row) for row, image in enumerate(seen)]
    return tuple(np.stack([thumbnail(image) for image in images]) for images in both)


def test_a_copy_that_was_cut_is_the_same_photo_either_way(thumbnails):
    ones, others = thumbnails
    assert is_same_photo(ones, others).all()
    assert is_same_photo(others, ones).all()


def test_another_picture_is_another_photo(thumbnails):
    ones, others = thumbnails
    assert not is_same_photo(ones, np.roll(others, 1, axis=0)).any()


def test_what_is_looked_at_no_further_is_no_copy(thumbnails, monkeypatch):
    ones, others = thumbnails
    pairs = np.concatenate([ones, ones]), np.concatenate([others, np.roll(others, 3, axis=0)])
    soon = is_same_photo(*pairs)
    monkeypatch.setattr(alignment, "HINT", -1.0)
    np.testing.assert_array_equal(soon, is_same_photo(*pairs))
