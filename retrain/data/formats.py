"""By which first bytes a file of an image is known."""

FORMATS = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF8": "GIF",
    b"BM": "BMP",
    b"RIFF": "WebP",
}
LONGEST = max(map(len, FORMATS))


def format_of(beginning: bytes) -> str:
    """The name of the format that a file with this beginning has; empty for any other."""
    return next((name for magic, name in FORMATS.items() if beginning.startswith(magic)), "")
