"""Which formats of images are read, how their files are called, and how they begin."""

import importlib.util
import posixpath
import re
from collections.abc import Sequence

HEIF = "HEIF"
READS_HEIF = importlib.util.find_spec("pillow_heif") is not None
GET_HEIF = "pip install 'retrain[heif]'"
HEIF_EXTENSIONS = (".heic", ".heif", ".hif")
EXTENSIONS = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".avif"),
    *(".ppm", ".pgm", ".pbm", ".pnm"),
    *(HEIF_EXTENSIONS if READS_HEIF else ()),
)
# The first bytes by which a file of an image is known, whatever it is called.
LONGEST = 12
FORMATS = {
    "JPEG": rb"\xff\xd8\xff",
    "PNG": rb"\x89PNG\r\n\x1a\n",
    "GIF": rb"GIF8[79]a",
    "BMP": rb"BM.{4}\0{4}",
    "WebP": rb"RIFF.{4}WEBP",
    "TIFF": rb"II[*+]\0|MM\0[*+]",
    "AVIF": rb".{4}ftypavi[fs]",
    HEIF: rb".{4}ftyp(hei|hev|mif1|msf1)",
    "PNM": rb"P[1-6]\s",
}
# How a file is called that nobody has given a name.
ENDINGS = {
    "JPEG": ".jpg",
    "PNG": ".png",
    "GIF": ".gif",
    "BMP": ".bmp",
    "WebP": ".webp",
    "TIFF": ".tif",
    "AVIF": ".avif",
    HEIF: ".heic",
    "PNM": ".ppm",
}
JPEG, PNG, WEBP = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF"
# What Pillow calls them: it knows more, among them some that are programs, such as PostScript.
PILLOW_FORMATS = (
    *("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "AVIF", "PPM"),
    *((HEIF,) if READS_HEIF else ()),
)


def format_of(beginning: bytes) -> str:
    """The name of the format that a file with this beginning has; empty for any other."""
    return next((name for name, magic in FORMATS.items() if re.match(magic, beginning, re.DOTALL)), "")


def names_of_images(said: Sequence[str], numbered: Sequence[str]) -> list[str]:
    """What is said, if all of it are names of images in a folder, and different; else the numbers."""
    names = [_plain(name) for name in said]
    return names if all(names) and len({*names}) == len(names) else [*numbered]


def _plain(name: str) -> str:
    """Empty for what would be no name of an image in a folder."""
    name = posixpath.normpath(name)
    leads_out = name.startswith(("/", "../")) or "\0" in name
    return name if name.isprintable() and not leads_out and name.lower().endswith(EXTENSIONS) else ""
