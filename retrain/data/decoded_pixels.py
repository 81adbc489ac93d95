"""From a file's bytes to the pixels that training saw, without TensorFlow, whose import takes seconds.

JPEGs are decoded by the library that TensorFlow has, with its settings; PNG and WebP by Pillow, as far as no
more than that is needed; the rest is what `retrain.data.readable` gives to TensorFlow, too. What would be
another image, or may be one for TensorFlow alone, raises UnusualImageError: see retrain.data.images.
"""

import io

import numpy as np
import simplejpeg
from PIL import Image, ImageColor, UnidentifiedImageError

from retrain.data.no_image import NoImageError, check, read, undecoded
from retrain.data.readable import readable
from retrain.data.resizing import averaged, resized
from retrain.image_claims import alone, claimed_pixels
from retrain.image_formats import JPEG, PILLOW_FORMATS, PNG, format_of
from retrain.opaque_pixels import opaque
from retrain.settings.data import Decoding

GREYS = ("Gray", "YCbCr")
PLAIN, CLEAR = ("RGB", "L", "P", "1"), ("RGBA", "LA")
TURNED = 5  # from this orientation on, height and width are exchanged
PNG_ENDS = b"IEND\xae\x42\x60\x82"
# What libjpeg, and Pillow before it, say of a JPEG that ends before its image does.
JPEG_IS_CUT = ("Premature end of JPEG file", "Truncated File Read")


class UnusualImageError(Exception):
    """An image that only TensorFlow decodes as training did, or none at all."""


def load_pixels(path: str, image_size: tuple[int, int], decoding: Decoding) -> np.ndarray:
    """The image of one file, upright, resized to image_size (height, width): float32 [h, w, 3] in [0, 1].

    NoImageError where TensorFlow would not make one, either.
    """
    return pixels_of(read(path), image_size, decoding)


def pixels_of(contents: bytes, image_size: tuple[int, int], decoding: Decoding) -> np.ndarray:
    """The same of a file's bytes; RefusedImageError of what claims too much."""
    check(contents, decoding)
    try:
        with alone(claimed_pixels(contents)):
            return _decoded(contents, image_size, decoding)
    except (NoImageError, UnusualImageError):
        raise
    except Exception as error:  # whatever a decoder makes of what may be no image
        if _is_cut(contents, error):
            raise NoImageError(undecoded(contents)) from error
        raise UnusualImageError(undecoded(contents)) from error


def _is_cut(contents: bytes, error: Exception) -> bool:
    """Whether a JPEG or PNG ends too early, of which no decoder makes an image; others may be mended."""
    if contents.startswith(JPEG):
        return str(error).startswith(JPEG_IS_CUT)
    is_png_begun = isinstance(error, OSError) and not isinstance(error, UnidentifiedImageError)
    return contents.startswith(PNG) and is_png_begun


def _decoded(contents: bytes, image_size: tuple[int, int], decoding: Decoding) -> np.ndarray:
    image, orientation = _stored(contents, decoding.background)
    size = image_size if orientation < TURNED else image_size[::-1]
    if decoding.antialias:
        small = averaged(opaque(image, decoding.background).image, size)
    else:
        small = resized(image, size, np.array(ImageColor.getrgb(decoding.background)[:3], np.float32))
    return np.ascontiguousarray(_upright(small, orientation)) / np.float32(255)


def _stored(contents: bytes, background: str) -> tuple[np.ndarray, int]:
    """The image as it is stored, uint8 [H, W, 3], or 4 with its alpha channel; its EXIF orientation."""
    content, orientation, pixels, _ = readable(contents, background)
    if pixels.dtype == np.uint16:
        raise UnusualImageError(f"{format_of(contents)} of 16 bits")
    if pixels.size:
        return pixels, orientation
    if not content or (content.startswith(PNG) and PNG_ENDS not in content):
        raise NoImageError(undecoded(contents))
    with Image.open(io.BytesIO(content), formats=PILLOW_FORMATS) as image:
        if content.startswith(JPEG):
            if simplejpeg.decode_jpeg_header(content)[2] not in GREYS:
                raise UnusualImageError(f"a JPEG in {image.mode}")
            return simplejpeg.decode_jpeg(content, "RGB", fastdct=True), orientation
        if ";16" in repr(image.tile):
            raise UnusualImageError(f"{image.format} in {image.mode}")
        return _pixels(image), orientation


def _pixels(image: Image.Image) -> np.ndarray:
    if image.mode in PLAIN and not image.has_transparency_data:
        return np.asarray(image.convert("RGB"))
    if image.mode not in (*PLAIN, *CLEAR):
        raise UnusualImageError(f"{image.format} in {image.mode}")
    return np.asarray(image.convert("RGBA"))


def _upright(image: np.ndarray, orientation: int) -> np.ndarray:
    turned = image.transpose(1, 0, 2) if orientation >= TURNED else image
    flipped = {2: np.s_[:, ::-1], 3: np.s_[::-1, ::-1], 4: np.s_[::-1], 6: np.s_[:, ::-1]}
    flipped |= {7: np.s_[::-1, ::-1], 8: np.s_[::-1]}
    return turned[flipped[orientation]] if orientation in flipped else turned
