"""What Python makes of a file's bytes before TensorFlow decodes them, so that it shows what viewers show.

TensorFlow decodes JPEG and PNG itself, but for CMYK without Adobe's marker, which viewers take for inverted
like all others. Everything else, of TIFF the first page and of animations the first frame, is read by Pillow
and rewritten: as BMP, or as PNG where it has an alpha channel or 16 bits.
"""

import io

import numpy as np
import tensorflow as tf
from PIL import ExifTags, Image, ImageOps, TiffImagePlugin

try:
    from pillow_heif import register_heif_opener
except ImportError:
    pass  # the listing says what to install
else:
    register_heif_opener()

# Pillow refuses what has twice as many: about where TensorFlow's decoders end, too.
Image.MAX_IMAGE_PIXELS = 2**28

JPEG, PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
# A PNG without any of these says nothing of its position. Elsewhere such bytes come by chance, to no harm.
MARKS = (b"eXIf", b"Raw profile type", b"XML:com.adobe.xmp")
# Where a PNG says how many bits a value has, and in which colour types pixels have an alpha channel.
BIT_DEPTH, COLOUR_TYPE, WITH_ALPHA = 24, 25, (4, 6)
WHOLE = (1, 255, 4095)  # what white may be in values that are not bytes; 65535 where these do not do


def readable(contents: bytes) -> tuple[bytes, int]:
    """Bytes that TensorFlow decodes rightly, and how to hold the image then: its EXIF orientation, 1 to 8.

    Empty bytes for what is no image; damage of a JPEG or PNG is left to TensorFlow.
    """
    if contents.startswith(JPEG) or (contents.startswith(PNG) and any(map(contents.__contains__, MARKS))):
        return _looked_into(contents)
    return (contents if contents.startswith(PNG) else _rewritten(contents)), 1


def is_deep(contents: bytes) -> bool:
    """Whether this is a PNG that has an alpha channel or 16 bits."""
    if not contents.startswith(PNG) or len(contents) <= COLOUR_TYPE:
        return False
    return contents[BIT_DEPTH] == 16 or contents[COLOUR_TYPE] in WITH_ALPHA or b"tRNS" in contents


def _looked_into(contents: bytes) -> tuple[bytes, int]:
    """Of a JPEG or PNG, whose orientation EXIF or XMP may say. Pillow finds them wherever they stand."""
    try:
        with Image.open(io.BytesIO(contents)) as image:
            if image.mode == "CMYK" and "adobe" not in image.info:
                return _rewritten(contents), 1
            orientation = image.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # whatever Pillow makes of a damaged block, the image itself may be sound
        return contents, 1
    return contents, orientation if orientation in range(1, 9) else 1


def _rewritten(contents: bytes) -> bytes:
    """Upright, as a BMP or a PNG; empty where Pillow gives no image."""
    try:
        with Image.open(io.BytesIO(contents)) as image:
            # Pillow takes the upper 8 of 16 bits of colours, and grey where 0 is white as it stands.
            had_16_bits, white_is_0 = ";16" in repr(image.tile), _white_is_0(image)
            upright = _upright(image)
    except Exception:  # Pillow's readers raise what they happen to meet in a damaged file
        return b""
    if upright.mode.startswith(("I", "F")):
        return _saved(_in_16_bits(np.asarray(upright), white_is_0), "PNG", compress_level=0)
    if upright.has_transparency_data or had_16_bits:
        pixels = np.asarray(upright.convert("RGBA" if upright.has_transparency_data else "RGB"))
        return tf.io.encode_png(pixels.astype(np.uint16) * 257 if had_16_bits else pixels, 0).numpy()
    return _saved(upright.convert("RGB"), "BMP")


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # of a damaged block, beside which the image itself may be sound
        return image.copy()


def _saved(image: Image.Image, image_format: str, **options: int) -> bytes:
    file = io.BytesIO()
    image.save(file, image_format, **options)
    return file.getvalue()


def _white_is_0(image: Image.Image) -> bool:
    """Whether a TIFF says so; of one bit and of bytes Pillow knows it itself."""
    return image.format == "TIFF" and image.tag_v2.get(TiffImagePlugin.PHOTOMETRIC_INTERPRETATION) == 0


def _in_16_bits(values: np.ndarray, white_is_0: bool) -> Image.Image:
    """Whole numbers that fit as they are; others such that the whole is white, and all below 0 is black."""
    highest = np.max(values, initial=0, where=np.isfinite(values))
    whole = next((whole for whole in WHOLE if highest <= whole), max(highest, 65535))
    if not (np.issubdtype(values.dtype, np.integer) and highest <= 65535):
        values, whole = np.nan_to_num(values.astype(np.float64), posinf=whole) * (65535 / whole), 65535
    values = np.clip(values, 0, 65535).astype(np.uint16)
    return Image.fromarray(whole - values if white_is_0 else values)
