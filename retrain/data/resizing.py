"""Images made smaller or larger without TensorFlow, as tf.image.resize does it, with antialias and without.

Both are bilinear between half-pixel centres. Without, a pixel is made of the four that are nearest to its
centre, however many it stands for; with it, of all of those, weighted by a triangle as wide as two pixels of
the result, which is Pillow's, too: Keys, "Cubic convolution interpolation for digital image processing",
1981, has the kernels; Turkowski, "Filters for common resampling tasks", 1990, how they are widened.
"""

import numpy as np

AT_ONCE = 16  # rows of the result: all at once would multiply mostly by zeros


def resized(image: np.ndarray, size: tuple[int, int], behind: np.ndarray) -> np.ndarray:
    """Bilinear between half-pixel centres, as tf.image.resize: uint8 [H, W, 3] -> float32 [h, w, 3].

    Pixels that have an alpha channel, [H, W, 4], are put on the colour `behind`, those that are needed.
    """
    (top, bottom, down), (left, right, along) = map(_places, image.shape[:2], size)
    upper, lower = (
        _between(*(_columns(image[row], at, behind) for at in (left, right)), np.repeat(along, 3))
        for row in (top, bottom)
    )
    return _between(upper, lower, down[:, None]).reshape(*size, 3)


def _columns(rows: np.ndarray, places: np.ndarray, behind: np.ndarray) -> np.ndarray:
    """rows[:, places] of [h, W, C], opaque, side by side: uint8 [h, 3w].

    Bytes are taken, and rows kept as they lie: NumPy is a fifth as fast with pixels of three.
    """
    channels = rows.shape[-1]
    taken = (places[:, None] * channels + np.arange(channels)).ravel()
    pixels = rows.reshape(len(rows), -1)[:, taken].reshape(len(rows), len(places), channels)
    return _opaque(pixels, behind).reshape(len(rows), -1)


def _opaque(pixels: np.ndarray, behind: np.ndarray) -> np.ndarray:
    if pixels.shape[-1] == 3:
        return pixels
    values = pixels.astype(np.float32)
    alpha = values[..., 3:] / 255
    return np.round(alpha * values[..., :3] + (1 - alpha) * behind).astype(np.uint8)


def _between(one: np.ndarray, other: np.ndarray, share: np.ndarray) -> np.ndarray:
    one, between = one.astype(np.float32), other.astype(np.float32)
    between -= one
    between *= share
    between += one
    return between


def _places(length: int, wanted: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each wanted pixel its neighbours before and after, and where it lies between them."""
    scale = np.float32(length) / np.float32(wanted)
    at = (np.arange(wanted, dtype=np.float32) + np.float32(0.5)) * scale - np.float32(0.5)
    before = np.floor(at)
    neighbours = (np.clip(of, 0, length - 1).astype(np.int64) for of in (before, np.ceil(at)))
    return *neighbours, at - before


def averaged(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """With antialias: uint8 [H, W, 3] -> float32 [h, w, 3]."""
    height, width = size
    down = _averaged_rows(image.reshape(len(image), -1), height)
    columns = down.reshape(height, -1, 3).transpose(1, 0, 2)
    along = _averaged_rows(columns.reshape(len(columns), -1), width)
    return along.reshape(width, height, 3).transpose(1, 0, 2)


def _averaged_rows(rows: np.ndarray, wanted: int) -> np.ndarray:
    """[N, M] -> float32 [wanted, M]; places are rounded as TensorFlow's are."""
    scale = 1 / (np.float32(wanted) / np.float32(len(rows)))
    reach, centres = max(scale, np.float32(1)), _middles(0, wanted) * scale
    made = np.empty([wanted, rows.shape[1]], np.float32)
    for begin in range(0, wanted, AT_ONCE):
        some = centres[begin : begin + AT_ONCE]
        first, last = max(0, int(some[0] - reach)), min(len(rows), int(some[-1] + reach) + 1)
        weights = np.maximum(0, 1 - np.abs(_middles(first, last) - some[:, None]) / reach)
        weights /= weights.sum(axis=1, keepdims=True)
        made[begin : begin + AT_ONCE] = weights @ rows[first:last].astype(np.float32)
    return made


def _middles(first: int, last: int) -> np.ndarray:
    return np.arange(first, last, dtype=np.float32) + np.float32(0.5)
