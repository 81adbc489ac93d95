"""Files that claim more than they are, made by hand: few bytes that take much memory or time to decode."""

import io
import struct
import zlib

from PIL import Image


def webp_of(width: int, height: int, kind: bytes = b"VP8L") -> bytes:
    """34 bytes, or 10 more, which claim so many pixels."""
    bits = struct.pack("<I", (width - 1) | ((height - 1) << 14))
    lossless = b"\x2f" + bits + b"\x88\x88\x08\0\0\0\0\0"
    chunks = _riff(b"VP8L", lossless)
    if kind == b"VP8X":
        sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        chunks = _riff(b"VP8X", b"\0\0\0\0" + sides) + chunks
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks


def png_of(width: int, height: int, colour: int = 2, depth: int = 8, rows: int = 1) -> bytes:
    """A PNG that claims so many pixels and has a few rows of them."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    row = bytes(1 + min(width, 2**16) * channels * depth // 8)
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    palette = _chunk(b"PLTE", bytes(768)) if colour == 3 else b""
    data = zlib.compress(row * rows)
    chunks = _chunk(b"IHDR", header) + palette + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def tiff_of_tiles(side: int, tile: int) -> bytes:
    """A TIFF of side x side pixels in one tile of tile x tile."""
    values = {256: side, 257: side, 258: 8, 259: 8, 262: 1, 277: 1, 322: tile, 323: tile, 324: 8, 325: 20}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(values.items()))
    directory = struct.pack("<H", len(values)) + entries + bytes(4)
    data = zlib.compress(bytes(1000))[:20].ljust(20, b"\0")
    return b"II*\0" + struct.pack("<I", 28) + data + directory


def jpeg_of_scans(scans: int, side: int = 16) -> bytes:
    """A progressive JPEG in which the first scan is told again and again."""
    file = io.BytesIO()
    Image.new("L", (side, side), 77).save(file, "JPEG", progressive=True)
    contents = file.getvalue()
    first = contents.index(b"\xff\xda")
    second = contents.index(b"\xff\xda", first + 2)
    scan = contents[first : contents.rindex(b"\xff\xc4", 0, second)]
    return contents[:first] + scan * scans + b"\xff\xd9"


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _riff(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
