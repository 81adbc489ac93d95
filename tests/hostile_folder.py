"""Folders of hostile files, by a seed: damaged images of every format, bombs, odd names, what is no file."""

import contextlib
import io
import os
import pathlib
import random
import socket
import struct
from collections.abc import Iterator

import numpy as np
from PIL import Image

from tests.hostile_images import jpeg_of_scans, png_of, tiff_of_tiles, webp_of

SIDE = (37, 29)
ENDINGS = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".avif", ".ppm", ".pgm")
PIXELS = np.random.default_rng(0).integers(0, 256, (*SIDE[::-1], 4), np.uint8)
SIZES = (0, 1, 255, 256, 65535, 2**16, 2**24, 2**31 - 1, 2**31, 2**32 - 1)


def seeds() -> list[bytes]:
    """Images of every format and kind that is read, all sound."""
    rgba = Image.fromarray(PIXELS)
    rgb, grey, palette = rgba.convert("RGB"), rgba.convert("L"), rgba.convert("RGB").quantize(16)
    wide = Image.fromarray(np.arange(37 * 29, dtype=np.uint16).reshape(29, 37) * 60)
    frames = {"save_all": True, "append_images": [rgb.rotate(90 * turn) for turn in (1, 2, 3)]}
    kinds = [
        *((rgb, "JPEG", {"quality": quality, "progressive": quality > 80}) for quality in (30, 90)),
        *((rgb, "JPEG", {"exif": _held(turn)}) for turn in (6, 77)),
        *((image, "JPEG", {}) for image in (grey, rgb.convert("CMYK"))),
        *(
            (image, "PNG", {})
            for image in (rgb, rgba, grey, palette, wide, rgba.convert("LA"), grey.convert("1"))
        ),
        (palette, "PNG", {"transparency": 3}),
        (rgb, "PNG", {"exif": _held(6), "icc_profile": bytes(300)}),
        *((rgb, image_format, frames) for image_format in ("PNG", "GIF", "WEBP", "TIFF")),
        (palette, "GIF", {"transparency": 3}),
        *((image, "BMP", {}) for image in (rgb, grey, palette)),
        *((rgba, "WEBP", {"lossless": lossless, "exif": _held(6)}) for lossless in (True, False)),
        (rgb, "WEBP", {}),
        *(
            (rgb, "TIFF", {"compression": how})
            for how in ("raw", "tiff_lzw", "jpeg", "tiff_deflate", "packbits")
        ),
        *(
            (image, "TIFF", {})
            for image in (wide, grey.convert("F"), grey.convert("I"), rgb.convert("LAB"), rgba)
        ),
        (grey.convert("1"), "TIFF", {"compression": "group4"}),
        *((rgb, "AVIF", options) for options in ({}, frames)),
        *((image, "PPM", {}) for image in (rgb, grey, grey.convert("1"))),
        (rgb, "JPEG2000", {}),
        (rgb, "ICO", {}),
        (rgb, "EPS", {}),
    ]
    return [_saved(image, image_format, options) for image, image_format, options in kinds]


def bombs() -> list[bytes]:
    """Small files that claim much, above the usual limit, or of many scans."""
    gif = bytearray(_saved(Image.new("P", SIDE), "GIF", {}))
    gif[6:10] = b"\xff\xff\xff\xff"
    bmp = bytearray(_saved(Image.new("RGB", SIDE), "BMP", {}))
    bmp[18:26] = struct.pack("<ii", 60000, -60000)
    tiff = _saved(Image.new("L", SIDE), "TIFF", {}).replace(struct.pack("<I", 37), struct.pack("<I", 60000))
    avif = _saved(Image.new("RGB", SIDE), "AVIF", {})
    avif = avif.replace(struct.pack(">II", *SIDE), struct.pack(">II", 60000, 60000))
    jpeg = bytearray(_saved(Image.new("RGB", SIDE), "JPEG", {"progressive": True}))
    at = jpeg.index(b"\xff\xc2") + 5
    jpeg[at : at + 4] = struct.pack(">HH", 65500, 65500)
    return [
        *(webp_of(16383, 10000, kind) for kind in (b"VP8L", b"VP8X")),
        *(
            png_of(30000, 30000, colour, depth)
            for colour, depth in ((2, 8), (6, 16), (0, 16), (3, 8), (4, 8))
        ),
        *map(bytes, (gif, bmp, tiff, avif, jpeg)),
        tiff_of_tiles(16, 30000),
        jpeg_of_scans(5000, 512),
        b"P6 60000 60000 255\n" + bytes(100),
        b"P5 99999999999 99999999999 65535\n",
    ]


def damaged(contents: bytes, other: bytes, draw: random.Random) -> bytes:
    """The contents, changed in a way that is drawn."""
    changed, at = bytearray(contents), draw.randrange(len(contents))
    way = draw.randrange(8)
    if way == 0:
        for _ in range(draw.choice((1, 1, 2, 8, 64))):
            changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    elif way == 1:
        del changed[at:]
    elif way == 2:
        at = draw.randrange(min(len(changed), 64))
        changed[at] = draw.choice((0, 1, 127, 128, 255))
    elif way == 3:
        order = draw.choice("<>") + draw.choice("HIi")
        at = draw.randrange(min(len(changed), 200))
        changed[at : at + struct.calcsize(order)] = struct.pack(order, draw.choice(SIZES) % 2**15)
    elif way == 4:
        changed[at:at] = changed[draw.randrange(len(changed)) :][: draw.randrange(1, 400)]
    elif way == 5:
        changed[at:] = other[min(at, len(other)) :]
    elif way == 6:
        changed += other
    else:
        changed[:0] = draw.choice(
            (b"\0", b"<html><script>", b"GIF89a", b"PK\3\4", b"%!PS-Adobe\n", b"\xff\xd8\xff")
        )
    return bytes(changed)


def names(draw: random.Random) -> Iterator[bytes]:
    """Without end: mostly plain ones, others with all that a name may have but bytes that are no UTF-8."""
    odd = (
        "\x1b[31mred",
        "line\nbreak",
        "car\rriage",
        "tab\there",
        "=1+1",
        "-x",
        "@x",
        " blank ",
        "\u202eevil",
    )
    odd += ("a,b", 'quo"te', "'", "<img src=x>", "%n%s", "$(id)", "\x7f", "\u2028", "é" * 20)
    while True:
        ending = draw.choice(ENDINGS)
        end = f"{draw.getrandbits(40):x}{ending}".encode()
        kind = draw.randrange(40)
        if kind == 0:
            yield b"n" * (255 - len(end)) + end
        elif kind < 4:
            yield draw.choice(odd).encode() + end
        else:
            yield end


def write_files(directory: pathlib.Path, count: int, seed: int) -> list[bytes]:
    """Writes so many into DIRECTORY; returns the contents of all."""
    draw, sound, claims = random.Random(seed), seeds(), bombs()
    named, written = names(draw), []
    for number in range(count):
        if number % 50 < len(claims) and number % 7 == 0:
            contents = claims[draw.randrange(len(claims))]
        else:
            contents = damaged(draw.choice(sound), draw.choice(sound), draw)
        with open(os.path.join(os.fsencode(directory), next(named)), "wb") as file:
            file.write(contents)
        written.append(contents)
    return written


@contextlib.contextmanager
def what_is_no_file(directory: pathlib.Path) -> Iterator[None]:
    """Within, there are links to nowhere and in circles, folders, pipes, sockets and devices called x.jpg."""
    (directory / "dangling.jpg").symlink_to("nowhere.jpg")
    (directory / "circle.jpg").symlink_to("circle.jpg")
    (directory / "folder.jpg").mkdir()
    (directory / "zero.jpg").symlink_to("/dev/zero")
    (directory / "up").symlink_to("..")
    (directory / "empty.png").touch()
    os.mkfifo(directory / "pipe.jpg")
    with open(directory / "sparse.jpg", "wb") as file:
        file.truncate(3 * 2**30)
    (directory / "closed.png").write_bytes(png_of(4, 4, rows=4))
    (directory / "closed.png").chmod(0)
    here = os.getcwd()
    with socket.socket(socket.AF_UNIX) as listening:
        os.chdir(directory)  # the path of a socket is short
        try:
            listening.bind("socket.jpg")
        finally:
            os.chdir(here)
        yield


def _saved(image: Image.Image, image_format: str, options: dict) -> bytes:
    file = io.BytesIO()
    image.save(file, image_format, **options)
    return file.getvalue()


def _held(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif
