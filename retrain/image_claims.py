"""What a file claims of its image before anything is decoded, and what is refused for it.

Some thirty bytes may claim a gigabyte of pixels. Whoever decodes asks here first, and decodes what is large
alone, so that memory does not grow with the number of threads.
"""

import contextlib
import io
import re
import threading
from collections.abc import Iterator

from PIL import Image, TiffImagePlugin

from retrain.image_formats import JPEG, PILLOW_FORMATS, WEBP, format_of

LARGE = 2**24  # pixels; cameras make images of about as many, and what has more is decoded alone
# Each scan of a JPEG costs a pass over all of its pixels, and takes ten bytes; libtiff has the same limit.
MOST_SCANS = 100
SCAN, ENDS = b"\xff\xda", b"\xff\xd9"
UNBOUNDED = 2**62  # pixels of a file that claims more than Pillow counts

_MARKER = re.compile(rb"\xff+[\x01-\xcf\xd8-\xfe]")
_alone = threading.Lock()


def refusal(contents: bytes, max_megapixels: float) -> str:
    """Why the image is not to be decoded, in a few words; empty where it may be, or is none."""
    if claimed_pixels(contents) > max_megapixels * 10**6:
        return f"more than {max_megapixels:g} megapixels"
    return f"more than {MOST_SCANS} scans" if has_many_scans(contents) else ""


def claimed_pixels(contents: bytes) -> int:
    """How many pixels have to be in memory at once, as the header says; 0 of what is no image."""
    if contents.startswith(WEBP):  # Pillow would make the canvas when it opens one
        return _pixels_of_webp(contents)
    try:
        with Image.open(io.BytesIO(contents), formats=PILLOW_FORMATS) as image:
            tile = _tile_of_tiff(image) if isinstance(image, TiffImagePlugin.TiffImageFile) else 0
            return max(image.width * image.height, tile)
    except Image.DecompressionBombError:
        return UNBOUNDED
    except Exception:  # Pillow's readers raise what they happen to meet in a damaged file
        return 0


def has_many_scans(contents: bytes) -> bool:
    """Whether this is a JPEG of more than MOST_SCANS scans before its image ends."""
    if not contents.startswith(JPEG) or contents.count(SCAN) <= MOST_SCANS:
        return False
    place, scans = 2, 0
    while scans <= MOST_SCANS and (found := _MARKER.search(contents, place)):
        marker, place = found.group()[-2:], found.end()
        if marker == ENDS:
            return False
        scans += marker == SCAN
        # A segment says how long it is; in what it holds there may be anything.
        place += int.from_bytes(contents[place : place + 2], "big")
    return scans > MOST_SCANS


@contextlib.contextmanager
def alone(pixels: int) -> Iterator[None]:
    """Within, no other thread decodes an image that is as large as this, if it is."""
    with _alone if pixels > LARGE else contextlib.nullcontext():
        yield


def _pixels_of_webp(contents: bytes) -> int:
    """Source of the numbers' places: RFC 9649, 2.5 to 2.7."""
    kind, body = contents[12:16], contents[20:30]
    if format_of(contents) != "WebP" or len(body) < 10:
        return 0
    if kind == b"VP8X":
        return (int.from_bytes(body[4:7], "little") + 1) * (int.from_bytes(body[7:10], "little") + 1)
    if kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return (bits % 2**14 + 1) * (bits // 2**14 % 2**14 + 1)
    return (int.from_bytes(body[6:8], "little") % 2**14) * (int.from_bytes(body[8:10], "little") % 2**14)


def _tile_of_tiff(image: TiffImagePlugin.TiffImageFile) -> int:
    """Tiles may be larger than the image of which they are."""
    width, length = (
        image.tag_v2.get(tag, 0) for tag in (TiffImagePlugin.TILEWIDTH, TiffImagePlugin.TILELENGTH)
    )
    return width * length
