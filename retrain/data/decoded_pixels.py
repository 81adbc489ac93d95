"""From a file's bytes to the pixels that training saw, without TensorFlow, whose import takes seconds.

JPEGs are decoded by the library that TensorFlow has, with its settings; the rest by Pillow, as far as no more
than that is needed. What would be another image, or cannot be decoded here, raises
UnusualImageError: it is for TensorFlow then, see retrain.data.images.
"""

import io

import numpy as np
import simplejpeg
from PIL import ExifTags, Image, ImageColor

from retrain.image_claims import alone, claimed_pixels, refusal
from retrain.image_files import contents
from retrain.image_formats import JPEG, PILLOW_FORMATS, format_of
from retrain.settings.data import Decoding

GREYS = ("Gray", "YCbCr")
PLAIN, CLEAR = ("RGB", "L", "P", "1"), ("RGBA", "LA")
TURNED = 5  # from this orientation on, height and width are exchanged


class UnusualImageError(Exception):
    """An image that only TensorFlow decodes as training did, or none at all."""


class RefusedImageError(UnusualImageError):
    """An image that claims so much that it is not decoded at all."""


def load_pixels(path: str, image_size: tuple[int, int], decoding: Decoding) -> np.ndarray:
    """The image of one file, upright, resized to image_size (height, width): float32 [h, w, 3] in [0, 1]."""
    try:
        content = contents(path)
    except OSError as error:
        raise UnusualImageError(str(error)) from error
    return pixels_of(content, image_size, decoding)


def pixels_of(contents: bytes, image_size: tuple[int, int], decoding: Decoding) -> np.ndarray:
    """The same of a file's bytes; RefusedImageError of what claims too much."""
    if why := refusal(contents, decoding.max_megapixels):
        raise RefusedImageError(why)
    try:
        with alone(claimed_pixels(contents)):
            return _decoded(contents, image_size, decoding.background)
    except UnusualImageError:
        raise
    except Exception as error:  # whatever a decoder makes of what may be no image
        name = format_of(contents)
        raise UnusualImageError(f"a damaged {name}" if name else "it is no image") from error


def _decoded(contents: bytes, image_size: tuple[int, int], background: str) -> np.ndarray:
    image, orientation = _stored(contents)
    size = image_size if orientation < TURNED else image_size[::-1]
    behind = np.array(ImageColor.getrgb(background)[:3], np.float32)
    return np.ascontiguousarray(_upright(resized(image, size, behind), orientation)) / np.float32(255)


def _stored(contents: bytes) -> tuple[np.ndarray, int]:
    """The image as it is stored, uint8 [H, W, 3], or 4 with its alpha channel; its EXIF orientation."""
    with Image.open(io.BytesIO(contents), formats=PILLOW_FORMATS) as image:
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
        orientation = orientation if orientation in range(1, 9) else 1
        if contents.startswith(JPEG):
            if simplejpeg.decode_jpeg_header(contents)[2] not in GREYS:
                raise UnusualImageError(f"a JPEG in {image.mode}")
            return simplejpeg.decode_jpeg(contents, "RGB", fastdct=True), orientation
        if image.format not in ("PNG", "GIF", "BMP", "WEBP") or ";16" in repr(image.tile):
            raise UnusualImageError(f"{image.format} in {image.mode}")
        return _pixels(image), orientation


def _pixels(image: Image.Image) -> np.ndarray:
    if image.mode in PLAIN and not image.has_transparency_data:
        return np.asarray(image.convert("RGB"))
    if image.mode not in (*PLAIN, *CLEAR):
        raise UnusualImageError(f"{image.format} in {image.mode}")
    return np.asarray(image.convert("RGBA"))


def resized(image: np.ndarray, size: tuple[int, int], behind: np.ndarray) -> np.ndarray:
    """Bilinear between half-pixel centres, as tf.image.resize: uint8 [H, W, 3] -> float32 [h, w, 3].

    Pixels that have an alpha channel, [H, W, 4], are put on the colour `behind`, those that are needed.
    """
    (top, bottom, down), (left, right, along) = map(_places, image.shape[:2], size)
    rows = [image[row] for row in (top, bottom)]
    upper, lower = (
        _between(_opaque(row[:, left], behind), _opaque(row[:, right], behind), along[None, :, None])
        for row in rows
    )
    return _between(upper, lower, down[:, None, None])


def _opaque(pixels: np.ndarray, behind: np.ndarray) -> np.ndarray:
    if pixels.shape[-1] == 3:
        return pixels
    values = pixels.astype(np.float32)
    alpha = values[..., 3:] / 255
    return np.round(alpha * values[..., :3] + (1 - alpha) * behind).astype(np.uint8)


def _between(one: np.ndarray, other: np.ndarray, share: np.ndarray) -> np.ndarray:
    one = one.astype(np.float32)
    return one + (other.astype(np.float32) - one) * share


def _places(length: int, wanted: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each wanted pixel its neighbours before and after, and where it lies between them."""
    scale = np.float32(length) / np.float32(wanted)
    at = (np.arange(wanted, dtype=np.float32) + np.float32(0.5)) * scale - np.float32(0.5)
    before = np.floor(at)
    neighbours = (np.clip(of, 0, length - 1).astype(np.int64) for of in (before, np.ceil(at)))
    return *neighbours, at - before


def _upright(image: np.ndarray, orientation: int) -> np.ndarray:
    turned = image.transpose(1, 0, 2) if orientation >= TURNED else image
    flipped = {2: np.s_[:, ::-1], 3: np.s_[::-1, ::-1], 4: np.s_[::-1], 6: np.s_[:, ::-1]}
    flipped |= {7: np.s_[::-1, ::-1], 8: np.s_[::-1]}
    return turned[flipped[orientation]] if orientation in flipped else turned
