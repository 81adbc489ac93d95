"""Where the evidence for a class lies in an image: how much less sure a classifier is without each part.

Occlusion (Zeiler and Fergus 2014, Visualizing and Understanding Convolutional Networks, section 4.2): a
window that slides over the image hides what is below it behind the mean colour of the image. It asks the
module for nothing but its signature, and so works with any.
"""

from collections.abc import Callable, Iterator

import numpy as np

CELLS = 8  # of the map, along each side; a window hides WINDOW x WINDOW of them
WINDOW = 2
CERTAIN = 1e-6  # beyond which single precision tells probabilities from 0 and 1 no more

Probabilities = Callable[[np.ndarray], np.ndarray]


def occlusion_map(image: np.ndarray, probabilities: Probabilities) -> tuple[int, np.ndarray]:
    """The most probable class; float64 [CELLS, CELLS]: how far its log odds fall without each cell.

    Args:
      image: float32 [H, W, 3] in [0, 1].
      probabilities: of images [B, H, W, 3] those of the classes, [B, C].

    A cell has the mean over all windows that hide it; below 0 what is there speaks against the class.
    """
    places = [*_windows()]
    hidden = np.stack([image, *(_without(image, place) for place in places)])
    scores = np.clip(probabilities(hidden).astype(np.float64), CERTAIN, 1 - CERTAIN)
    index = int(scores[0].argmax())
    odds = np.log(scores / (1 - scores))[:, index]
    falls, counts = np.zeros((CELLS, CELLS)), np.zeros((CELLS, CELLS))
    for place, fall in zip(places, odds[0] - odds[1:], strict=True):
        falls[place] += fall
        counts[place] += 1
    return index, falls / counts


def _windows() -> Iterator[tuple[slice, slice]]:
    """In cells."""
    starts = range(CELLS - WINDOW + 1)
    for top in starts:
        for left in starts:
            yield slice(top, top + WINDOW), slice(left, left + WINDOW)


def _without(image: np.ndarray, place: tuple[slice, slice]) -> np.ndarray:
    """The image with its mean colour in the window."""
    hidden = image.copy()
    rows, columns = (
        slice(round(cells.start * side / CELLS), round(cells.stop * side / CELLS))
        for cells, side in zip(place, image.shape, strict=False)
    )
    hidden[rows, columns] = image.mean(axis=(0, 1))
    return hidden
