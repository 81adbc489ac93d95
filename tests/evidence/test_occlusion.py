import numpy as np
import pytest

from retrain.evidence.occlusion import CELLS, occlusion_map

SIDE = 32
CELL = SIDE // CELLS


def redness(images: np.ndarray) -> np.ndarray:
    """Two classes, of which the second is red: by the mean of red alone, wherever it is."""
    red = images[..., 0].mean(axis=(1, 2))
    return np.stack([1 - red, red], axis=1)


def image_with(*cells: tuple[int, int], value: float = 1.0) -> np.ndarray:
    image = np.zeros((SIDE, SIDE, 3), np.float32)
    for row, column in cells:
        image[row * CELL : (row + 1) * CELL, column * CELL : (column + 1) * CELL, 0] = value
    return image


@pytest.mark.parametrize("corner", [(0, 0), (0, 7), (7, 0), (7, 7)])
def test_the_evidence_is_where_it_was_put(corner):
    beside = [(corner[0], min(corner[1], 6) + at) for at in (0, 1)]
    image = image_with(*beside)
    index, found = occlusion_map(image, lambda images: np.clip(20 * redness(images) - [[19, 0]], 0, 1))
    assert index == 1
    assert found.shape == (CELLS, CELLS)
    assert np.unravel_index(found.argmax(), found.shape)[0] == corner[0]
    assert found[corner] == found.max() > 0
    far = found[7 - corner[0], 7 - corner[1]]
    assert far < 0.1 * found[corner]


def test_what_speaks_against_the_class_is_below_zero():
    """The most probable class is that without red; a red cell speaks against it."""
    index, found = occlusion_map(image_with((4, 4)), redness)
    assert index == 0
    assert found[4, 4] == found.min() < 0


def test_an_image_of_one_colour_has_no_evidence_anywhere():
    _, found = occlusion_map(np.full((SIDE, SIDE, 3), 0.5, np.float32), redness)
    np.testing.assert_allclose(found, 0.0, atol=1e-5)


def test_certain_predictions_have_finite_maps():
    _, found = occlusion_map(image_with((1, 1)), lambda images: np.array([[1.0, 0.0]] * len(images)))
    assert (found == 0.0).all()


def test_sides_need_not_be_multiples_of_cells():
    image = np.random.default_rng(0).random((30, 45, 3), np.float32)
    assert np.isfinite(occlusion_map(image, redness)[1]).all()
