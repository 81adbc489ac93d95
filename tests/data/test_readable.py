import io
import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from retrain.data.images import decode_image
from retrain.data.readable import is_deep, readable
from retrain.settings.data import Decoding

PICTURE = Image.fromarray(np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3))
TIFF_BLOCK = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" %s</rdf:RDF></x:xmpmeta>'
)
ATTRIBUTE = XMP % b'tiff:Orientation="6"/>'
ELEMENT = XMP % b"><tiff:Orientation>6</tiff:Orientation></rdf:Description>"


def encoded(image_format: str, picture: Image.Image = PICTURE, **options) -> bytes:
    file = io.BytesIO()
    picture.save(file, image_format, **options)
    return file.getvalue()


def segment(payload: bytes, marker: int = 0xE1) -> bytes:
    return bytes([0xFF, marker]) + (len(payload) + 2).to_bytes(2) + payload


def chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


JPEG, PNG = encoded("JPEG"), encoded("PNG")
FRAME, PIXELS = JPEG.index(b"\xff\xc0"), PNG.index(b"IDAT") - 4
EXIF, ADOBE_XMP = segment(b"Exif\0\0" + TIFF_BLOCK), b"http://ns.adobe.com/xap/1.0/\0"
HEX = b"\nexif\n%8d\n" % (len(TIFF_BLOCK) + 6) + (b"Exif\0\0" + TIFF_BLOCK).hex().encode() + b"\n"
TURNED = {
    "JPEG": JPEG[:2] + EXIF + JPEG[2:],
    "JPEG behind JFIF": JPEG[:20] + EXIF + JPEG[20:],
    "JPEG behind a comment": JPEG[:20] + segment(b"made by hand", 0xFE) + EXIF + JPEG[20:],
    "JPEG behind XMP": JPEG[:20] + segment(ADOBE_XMP + XMP % b"/>") + EXIF + JPEG[20:],
    "JPEG behind tables": JPEG[:FRAME] + EXIF + JPEG[FRAME:],
    "JPEG XMP": JPEG[:20] + segment(ADOBE_XMP + ATTRIBUTE) + JPEG[20:],
    "JPEG XMP element": JPEG[:20] + segment(ADOBE_XMP + ELEMENT) + JPEG[20:],
    "PNG": PNG[:PIXELS] + chunk(b"eXIf", TIFF_BLOCK) + PNG[PIXELS:],
    "PNG behind pixels": PNG[:-12] + chunk(b"eXIf", TIFF_BLOCK) + PNG[-12:],
    "PNG of ImageMagick": PNG[:PIXELS]
    + chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(HEX))
    + PNG[PIXELS:],
    "PNG XMP": PNG[:PIXELS] + chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + ATTRIBUTE) + PNG[PIXELS:],
}


TURNED |= {
    "WebP": encoded("WEBP", lossless=True, exif=b"Exif\0\0" + TIFF_BLOCK),
    "WebP XMP": encoded("WEBP", lossless=True, xmp=ATTRIBUTE),
}


@pytest.mark.parametrize("name", TURNED)
def test_the_orientation_is_found_wherever_it_stands(name):
    check_left_to_tensorflow(TURNED[name], orientation=6)


def check_left_to_tensorflow(contents: bytes, orientation: int = 1) -> None:
    left = readable(contents)
    assert (left.contents, left.orientation, left.pixels.size) == (contents, orientation, 0)


UPRIGHT = PICTURE.transpose(Image.Transpose.ROTATE_270)
EXIF_6 = Image.Exif()
EXIF_6[0x0112] = 6


def test_what_pillow_decodes_is_upright():
    found = readable(encoded("TIFF", exif=EXIF_6))
    assert (found.contents, found.orientation, found.is_transparent) == (b"", 1, False)
    np.testing.assert_array_equal(found.pixels, UPRIGHT)


@pytest.mark.parametrize("contents", [JPEG, PNG])
def test_jpeg_and_png_stay_as_they_are(contents):
    check_left_to_tensorflow(contents)
    check_left_to_tensorflow(contents[:40])


@pytest.mark.parametrize("contents", [b"", b"text", encoded("TIFF")[:60]])
def test_what_is_no_image_is_empty(contents):
    no_image = readable(contents)
    assert (no_image.contents, no_image.orientation, no_image.pixels.size) == (b"", 1, 0)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L", "1", "CMYK"])
@pytest.mark.parametrize("band", [1, 6, 13, 10**6])
def test_bands_are_put_together(monkeypatch, mode, band):
    monkeypatch.setattr("retrain.data.readable.BAND", band)
    picture = PICTURE.convert(mode)
    np.testing.assert_array_equal(readable(encoded("TIFF", picture)).pixels, picture.convert("RGB"))


@pytest.mark.parametrize("background", ["white", "#204060"])
def test_alpha_is_put_on_the_background_as_that_of_a_png(background, monkeypatch):
    monkeypatch.setattr("retrain.data.readable.BAND", 100)
    pixels = np.random.default_rng(0).integers(0, 256, [64, 96, 4], np.uint8)
    found = readable(encoded("TIFF", Image.fromarray(pixels)), background)
    expected = decode_image(tf.constant(encoded("PNG", Image.fromarray(pixels))), Decoding(background))
    np.testing.assert_array_equal(found.pixels, expected)
    assert found.is_transparent
    pixels[..., 3] = 255
    assert not readable(encoded("TIFF", Image.fromarray(pixels)), background).is_transparent


def test_a_png_is_deep_where_pixels_are_more_than_three_bytes():
    wide = Image.fromarray(np.zeros([2, 2], np.uint16))
    deep = [encoded("PNG", PICTURE.convert(mode)) for mode in ("RGBA", "LA")]
    deep += [encoded("PNG", wide), encoded("PNG", PICTURE.convert("P"), transparency=3)]
    assert all(map(is_deep, deep))
    flat = [PNG, JPEG, PNG[:20], *(encoded("PNG", PICTURE.convert(mode)) for mode in ("L", "P", "1"))]
    assert not any(map(is_deep, flat))


def test_a_damaged_exif_block_costs_no_image():
    contents = readable(encoded("WEBP", exif=b"Exif\0\0nonsense", lossless=True)).contents
    np.testing.assert_array_equal(Image.open(io.BytesIO(contents)), PICTURE)


def tiff_of_16_bit_colours(pixels: np.ndarray) -> bytes:
    """Pillow writes none: uint16 [H, W, 3] as bytes of twice the width, and then as what they are."""
    height, width, _ = pixels.shape
    contents = encoded(
        "TIFF", Image.fromarray(pixels.astype("<u2").view(np.uint8).reshape(height, 2 * width, 3))
    )
    widths = [struct.pack("<HHII", 256, kind, 1, size) for kind in (3, 4) for size in (2 * width, width)]
    contents = contents.replace(*widths[:2]).replace(*widths[2:])
    return contents.replace(b"\x08\0\x08\0\x08\0", b"\x10\0\x10\0\x10\0", 1)


@pytest.mark.parametrize("bits", [12, 16])
def test_colours_of_16_bits_keep_what_pillow_reads_of_them(bits):
    """The upper 8; of values of 12 bits that is little, but not black."""
    pixels = np.asarray(PICTURE).astype(np.uint16) << 8 >> 16 - bits
    decoded = readable(tiff_of_16_bit_colours(pixels)).pixels
    assert decoded.dtype == np.uint16
    np.testing.assert_array_equal(decoded, (pixels >> 8) * 257)


def test_grey_whose_white_is_0_is_not_its_negative():
    values = np.array([[0, 1000, 65535]], np.uint16)
    contents = encoded("TIFF", Image.fromarray(values))
    tag = [b"\x06\1\3\0\1\0\0\0" + bytes([white_is_1]) for white_is_1 in (1, 0)]
    assert contents.count(tag[0]) == 1
    assert readable(contents.replace(*tag)).pixels.tolist() == [[[65535], [64535], [0]]]


# Of values that are no bytes: those of 16 bits stay, and of others the whole is white.
VALUES = {
    "16 bits": (np.array([[0, 70, 65535]], np.uint16), [0, 70, 65535]),
    "32 bits": (np.array([[0, 70, 65535]], np.int32), [0, 70, 65535]),
    "large": (np.array([[-5, 0, 200_000]], np.int32), [0, 0, 65535]),
    "shares": (np.array([[0, 0.5, 1]], np.float32), [0, 32767, 65535]),
    "bytes": (np.array([[0, 51, 255]], np.float32), [0, 13107, 65535]),
    "12 bits": (np.array([[0, 1365, 4095]], np.float32), [0, 21845, 65535]),
    "no numbers": (np.array([[np.nan, np.inf, 0.2]], np.float32), [0, 65535, 13107]),
    "nothing": (np.array([[-1, -2, np.nan]], np.float32), [0, 0, 0]),
}


@pytest.mark.parametrize("name", VALUES)
def test_values_that_are_no_bytes_become_16_bits(name):
    values, expected = VALUES[name]
    pixels = readable(encoded("TIFF", Image.fromarray(values))).pixels
    assert pixels.dtype == np.uint16
    assert pixels.ravel().tolist() == expected
