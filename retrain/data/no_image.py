"""Why a file gives no image, in a few words: known before it is decoded, or once that has failed.

Nothing here decodes, and nothing needs TensorFlow.
"""

from retrain.image_claims import refusal
from retrain.image_files import contents, status
from retrain.image_formats import GET_HEIF, HEIF, READS_HEIF, format_of
from retrain.settings.data import Decoding

LARGEST_FILE = 2**30  # bytes; the largest photo has a tenth


class NoImageError(Exception):
    """A file that gives no image, whoever decodes it; the message says why."""


class RefusedImageError(NoImageError):
    """An image that claims so much that it is not decoded at all."""


def unreadable(path: str) -> str:
    """Why the file is not to be opened; empty for others, be they there or not.

    What is no file may never end, and of a sparse file all holes would lie in memory.
    """
    try:
        found = status(path)
    except OSError:
        return ""
    if not found.is_file:
        return "not a file"
    return f"larger than {LARGEST_FILE / 2**30:.0f} GiB" if found.size > LARGEST_FILE else ""


def read(path: str) -> bytes:
    """The bytes of the file; NoImageError where there are none to be read."""
    if why := unreadable(path):
        raise NoImageError(why)
    try:
        return contents(path)
    except OSError as error:
        raise NoImageError(f"cannot be read ({error.strerror})") from error


def check(content: bytes, decoding: Decoding) -> None:
    """NoImageError for what is empty or claims too much."""
    if not content:
        raise NoImageError("empty file")
    if why := refusal(content, decoding.max_megapixels):
        raise RefusedImageError(why)


def undecoded(content: bytes) -> str:
    """Why decoding these bytes has failed, as far as their beginning tells."""
    name = format_of(content)
    if name == HEIF and not READS_HEIF:
        return f"{HEIF}: {GET_HEIF}"
    what = "unusual" if name == "TIFF" else "incomplete"  # of which no library reads all kinds
    return f"damaged or {what} {name}" if name else "not a file of an image"


def why_no_image(path: str, size: int, mtime_ns: int, decoding: Decoding) -> str:
    """Why this file, of which a decoder has made nothing, gives no image.

    Args:
      size, mtime_ns: those of the file when it was listed.
    """
    try:
        content = read(path)
        check(content, decoding)
    except NoImageError as error:
        return str(error)
    if status(path)[:2] != (size, mtime_ns):
        return "changed while it was read"
    return undecoded(content)
