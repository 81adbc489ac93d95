"""What Python makes of a file's bytes before TensorFlow decodes them, so that it shows what viewers show.

TensorFlow decodes JPEG, PNG and still WebP itself, but for CMYK without Adobe's marker, which viewers take
for inverted like all others. Everything else, of TIFF the first page and of animations the first frame, is
decoded by Pillow. What that takes of memory for large images is counted here in bytes a pixel: four of
Pillow's own, and three of the pixels that are made of them, on the background where there is alpha.
"""

import io
from collections.abc import Callable
from typing import BinaryIO, NamedTuple

import numpy as np
from PIL import ExifTags, Image, ImageOps, TiffImagePlugin

from retrain.image_formats import PILLOW_FORMATS, PNG, WEBP, format_of
from retrain.opaque_pixels import BAND, on_background
from retrain.settings.data import AS_USUAL

try:
    from pillow_heif import register_heif_opener
except ImportError:
    pass  # the listing says what to install
else:
    register_heif_opener()

# Pillow refuses what has twice as many: about where TensorFlow's decoders end, too.
Image.MAX_IMAGE_PIXELS = 2**28

# A PNG without any of these says nothing of its position. Elsewhere such bytes come by chance, to no harm.
MARKS = (b"eXIf", b"Raw profile type", b"XML:com.adobe.xmp")
# Where a PNG says how many bits a value has, and in which colour types pixels have an alpha channel.
BIT_DEPTH, COLOUR_TYPE, WITH_ALPHA = 24, 25, (4, 6)
WHOLE = (1, 255, 4095)  # what white may be in values that are not bytes; 65535 where these do not do


class Readable(NamedTuple):
    """Bytes that TensorFlow decodes rightly, or pixels that Pillow has decoded.

    Attributes:
      contents: the bytes; empty for what Pillow has decoded, and for what is no image.
      orientation: how to hold the image that is made of them: EXIF's, 1 to 8. Pixels are upright.
      pixels: uint8 [H, W, 3], on the background; uint16 of 16 bits, [H, W, 1], [H, W, 3], or [H, W, 4] with
        alpha; else empty.
      is_transparent: whether 8-bit pixels were put on the background.
    """

    contents: bytes
    orientation: int = 1
    pixels: np.ndarray = np.zeros([0, 0, 3], np.uint8)
    is_transparent: bool = False


def readable(contents: bytes, background: str = AS_USUAL.background) -> Readable:
    """What is to be decoded of a file's bytes; damage of a JPEG or PNG is left to TensorFlow."""
    if not is_for_pillow(contents):
        is_marked = not contents.startswith(PNG) or any(map(contents.__contains__, MARKS))
        return _looked_into(contents, background) if is_marked else Readable(contents)
    return decoded(io.BytesIO(contents), background)


def is_for_pillow(beginning: bytes) -> bool:
    """Whether Pillow decodes what begins so, whatever follows."""
    return format_of(beginning) not in ("JPEG", "PNG", "WebP")


def is_deep(contents: bytes) -> bool:
    """Whether this is a PNG that has an alpha channel or 16 bits, or a WebP, which may have one."""
    if len(contents) <= COLOUR_TYPE or not contents.startswith((PNG, WEBP)):
        return False
    if contents.startswith(WEBP):
        return True
    return contents[BIT_DEPTH] == 16 or contents[COLOUR_TYPE] in WITH_ALPHA or b"tRNS" in contents


def _looked_into(contents: bytes, background: str) -> Readable:
    """Of a JPEG, PNG or WebP: EXIF or XMP may say its orientation. Pillow finds them wherever they stand."""
    try:
        with Image.open(io.BytesIO(contents), formats=PILLOW_FORMATS) as image:
            moves = image.format == "WEBP" and image.is_animated
            if moves or (image.mode == "CMYK" and "adobe" not in image.info):
                return decoded(io.BytesIO(contents), background)
            orientation = image.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # whatever Pillow makes of a damaged block, the image itself may be sound
        return Readable(contents)
    return Readable(contents, orientation if orientation in range(1, 9) else 1)


def decoded(file: BinaryIO, background: str) -> Readable:
    """By Pillow, whose readers raise what they happen to meet in a damaged file."""
    try:
        upright, had_16_bits, white_is_0 = _opened(file)
    except Exception:
        return Readable(b"")
    if upright.mode.startswith(("I", "F")):
        values = _values(upright)
        del upright
        return Readable(b"", pixels=_in_16_bits(values, white_is_0)[..., None])
    has_alpha = upright.has_transparency_data
    upright = _in(upright, "RGBA" if has_alpha else "RGB")
    if had_16_bits:
        return Readable(b"", pixels=np.multiply(_values(upright), 257, dtype=np.uint16))
    if not has_alpha:
        return Readable(b"", pixels=_values(upright))
    is_transparent = upright.getextrema()[3][0] < 255
    return Readable(b"", 1, _values(upright, on_background(background)), is_transparent)


def _opened(file: BinaryIO) -> tuple[Image.Image, bool, bool]:
    """The image, upright, whether its values had 16 bits, and whether white is 0."""
    with Image.open(file, formats=PILLOW_FORMATS) as image:
        # Pillow takes the upper 8 of 16 bits of colours, and grey where 0 is white as it stands.
        had_16_bits, white_is_0 = ";16" in repr(image.tile), _white_is_0(image)
        return upright(image), had_16_bits, white_is_0


def _in(image: Image.Image, mode: str) -> Image.Image:
    """The image itself where it has the mode: large ones are not copied without need."""
    return image if image.mode == mode else image.convert(mode)


def upright(image: Image.Image) -> Image.Image:
    """Turned as its EXIF or XMP says, where that can be read; the image itself where it need not be."""
    image.load()
    try:
        is_turned = image.getexif().get(ExifTags.Base.Orientation) in range(2, 9)
        return ImageOps.exif_transpose(image) if is_turned else image
    except Exception:  # of a damaged block, beside which the image itself may be sound
        return image


def _values(image: Image.Image, of: Callable[[np.ndarray], np.ndarray] = np.asarray) -> np.ndarray:
    """As np.asarray gives them, but in bands, for of each it makes two copies; what `of` makes of each."""
    rows = max(1, BAND // image.width)
    values = None
    for top in range(0, image.height, rows):
        band = of(np.asarray(image.crop((0, top, image.width, min(top + rows, image.height)))))
        if values is None:
            values = np.empty([image.height, *band.shape[1:]], band.dtype)
        values[top : top + rows] = band
    return values


def _white_is_0(image: Image.Image) -> bool:
    """Whether a TIFF says so; of one bit and of bytes Pillow knows it itself."""
    return image.format == "TIFF" and image.tag_v2.get(TiffImagePlugin.PHOTOMETRIC_INTERPRETATION) == 0


def _in_16_bits(values: np.ndarray, white_is_0: bool) -> np.ndarray:
    """Whole numbers that fit as they are; others such that the whole is white, and all below 0 is black."""
    highest = max(np.max(row, initial=0, where=np.isfinite(row)) for row in values)
    whole = next((whole for whole in WHOLE if highest <= whole), max(highest, 65535))
    fit = np.issubdtype(values.dtype, np.integer) and highest <= 65535
    pixels = np.empty(values.shape, np.uint16)
    for row, of_row in zip(pixels, values, strict=True):  # floats of all of them would take ten times as much
        if not fit:
            of_row = np.nan_to_num(of_row.astype(np.float64), posinf=whole) * (65535 / whole)
        row[:] = np.clip(of_row, 0, 65535)
    if white_is_0:
        np.subtract(whole if fit else 65535, pixels, out=pixels, casting="unsafe")
    return pixels
