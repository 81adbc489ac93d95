"""Pixels that have an alpha channel, or 16 bits, as bytes on a background, by NumPy.

Equal to the bit to what a graph makes of them that is served elsewhere: `retrain.data.deep_in_graph`.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from PIL import ImageColor

BAND = 2**20  # pixels that are put on a background at once: floats of all would take ten times the image
WHITE = 65535


class Opaque(NamedTuple):
    """An image without an alpha channel.

    Attributes:
      image: uint8 [H, W, 3].
      is_transparent: whether there was more to it than the image.
      is_narrow: whether its values of 16 bits were of 12 or 8.
    """

    image: np.ndarray
    is_transparent: bool = False
    is_narrow: bool = False


def opaque(pixels: np.ndarray, background: str) -> Opaque:
    """Of uint8 or uint16 [H, W, C]: RGB and alpha, RGB, or of 16 bits grey alone."""
    height, width, channels = pixels.shape
    is_transparent = bool(channels == 4 and pixels[..., 3].min() < np.iinfo(pixels.dtype).max)
    pixels = pixels if is_transparent else pixels[..., :3]
    if not is_transparent and pixels.dtype == np.uint8:
        return Opaque(pixels)
    whole = _whole(pixels) if pixels.dtype == np.uint16 else WHITE
    image, put = np.empty([height, width, 3], np.uint8), on_background(background, whole)
    rows = max(1, BAND // width)
    for top in range(0, height, rows):
        image[top : top + rows] = put(pixels[top : top + rows])
    return Opaque(image, is_transparent, whole < WHITE)


def _whole(pixels: np.ndarray) -> int:
    """What white is in values of 16 bits."""
    highest = pixels[..., :3].max()
    # Cameras and scanners write 12 bits, and programs 8, as they are: black to whoever takes them for 16.
    return WHITE if not 0 < highest <= 4095 else 255 if highest <= 255 else 4095


def on_background(background: str, whole: int = WHITE) -> Callable[[np.ndarray], np.ndarray]:
    """Makes of [h, w, C] as above uint8 [h, w, 3] or, of grey, [h, w, 1]; `whole` is white in 16 bits."""
    behind = np.array(ImageColor.getrgb(background)[:3], np.float32)

    def put(pixels: np.ndarray) -> np.ndarray:
        values = pixels.astype(np.float32)
        if pixels.dtype == np.uint8:
            values *= np.float32(257)
        colours = values[..., :3] * (np.float32(255) / np.float32(whole))
        if pixels.shape[-1] == 4:
            alpha = values[..., 3:] / np.float32(WHITE)
            colours *= alpha
            colours += (1 - alpha) * behind
        return np.round(colours, out=colours).astype(np.uint8)

    return put
