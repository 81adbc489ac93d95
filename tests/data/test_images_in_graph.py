"""What a graph makes of the bytes of an image, beside what training makes of them."""

import io
import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageFilter

from retrain.data.images import load_image
from retrain.data.images_in_graph import image_from_bytes, orientation_of
from retrain.settings.data import Decoding

SIZE = (16, 12)
RANDOM = np.random.default_rng(0)
PICTURE = Image.fromarray(RANDOM.integers(0, 256, [30, 41, 3], np.uint8)).filter(ImageFilter.BoxBlur(1))
CLEAR = PICTURE.copy()
CLEAR.putalpha(Image.fromarray(RANDOM.integers(0, 256, [30, 41], np.uint8)))
FRAMES = {"save_all": True, "append_images": [PICTURE.rotate(90)]}


def saved(image: Image.Image, image_format: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, image_format, **options)
    return file.getvalue()


def held(orientation: int, **more: str) -> bytes:
    exif = Image.Exif()
    for tag, value in {0x0110: "a camera, and its name", 0x0112: orientation, **more}.items():
        exif[tag] = value
    return exif.tobytes()


def without_marker(jpeg: bytes) -> bytes:
    """Without Adobe's: the segment of that name is another then."""
    return jpeg.replace(b"Adobe", b"Abode")


def with_profile(png: bytes) -> bytes:
    """A PNG with 9 kB between its header and what follows, as profiles and descriptions are."""
    chunk = b"tEXt" + 9000 * b"x"
    return png[:33] + struct.pack(">I", 9000) + chunk + struct.pack(">I", zlib.crc32(chunk)) + png[33:]


FILES = {
    **{f"JPEG {turn}": saved(PICTURE, "JPEG", exif=held(turn)) for turn in range(1, 9)},
    **{f"PNG {turn}": saved(PICTURE, "PNG", exif=held(turn)) for turn in (1, 3, 6, 8)},
    **{f"WebP {turn}": saved(PICTURE, "WEBP", exif=held(turn)) for turn in (1, 3, 6, 8)},
    "progressive JPEG": saved(PICTURE, "JPEG", progressive=True),
    "grey JPEG": saved(PICTURE.convert("L"), "JPEG"),
    "CMYK JPEG": saved(PICTURE.convert("CMYK"), "JPEG"),
    "PNG": saved(PICTURE, "PNG"),
    "PNG of a palette": saved(PICTURE.convert("P"), "PNG"),
    "PNG of a palette, one clear": saved(PICTURE.convert("P"), "PNG", transparency=3),
    "PNG of a palette, one clear, described": with_profile(
        saved(PICTURE.convert("P"), "PNG", transparency=3)
    ),
    "clear PNG": saved(CLEAR, "PNG"),
    "clear grey PNG": saved(CLEAR.convert("LA"), "PNG"),
    "PNG of 16 bits": saved(Image.fromarray(RANDOM.integers(0, 65536, [9, 8], np.uint16)), "PNG"),
    "PNG of 12 bits in 16": saved(Image.fromarray(RANDOM.integers(0, 4096, [9, 8], np.uint16)), "PNG"),
    "PNG of 1 bit": saved(PICTURE.convert("1"), "PNG"),
    "GIF": saved(PICTURE, "GIF"),
    "animated GIF": saved(PICTURE, "GIF", **FRAMES),
    "clear GIF": saved(CLEAR.convert("P"), "GIF", transparency=0),
    "BMP": saved(PICTURE, "BMP"),
    "BMP of a palette": saved(PICTURE.quantize(99), "BMP"),
    "BMP of 1 bit": saved(PICTURE.convert("1"), "BMP"),
    "grey BMP": saved(PICTURE.convert("L"), "BMP"),
    "WebP": saved(PICTURE, "WEBP"),
    "lossless WebP": saved(PICTURE, "WEBP", lossless=True),
    "clear WebP": saved(CLEAR, "WEBP"),
}


@pytest.fixture(scope="module", params=[False, True], ids=["nearest", "averaged"])
def decoding(request) -> Decoding:
    return Decoding("#204060", antialias=request.param)


@pytest.fixture(scope="module")
def in_graph(decoding):
    spec = tf.TensorSpec([], tf.string)
    return tf.function(lambda contents: image_from_bytes(contents, SIZE, decoding), input_signature=[spec])


@pytest.mark.parametrize("name", FILES)
def test_the_pixels_of_training(name, in_graph, decoding, tmp_path):
    (tmp_path / "file").write_bytes(FILES[name])
    expected = load_image(tf.constant(str(tmp_path / "file")), SIZE, decoding)
    np.testing.assert_allclose(in_graph(tf.constant(FILES[name])), expected, atol=1e-6)


@pytest.mark.parametrize("byte_order", ["<", ">"])
def test_orientation_in_both_byte_orders(byte_order):
    exif = Image.Exif()
    exif.endian, exif[0x0112] = byte_order, 5
    assert orientation_of(tf.constant(saved(PICTURE, "JPEG", exif=exif.tobytes()))) == 5


@pytest.mark.parametrize("length", range(0, 140, 7))
def test_of_a_file_that_was_cut_off_no_orientation_is_read(length):
    """Nor is there an error: whether the image can be decoded is for the decoder to say."""
    for name in ("JPEG 6", "PNG 6", "WebP 6"):
        assert orientation_of(tf.constant(FILES[name][:length])).numpy() in (1, 6)


@pytest.mark.parametrize("value", [0, 9, 300])
def test_an_orientation_that_is_none(value):
    assert orientation_of(tf.constant(saved(PICTURE, "JPEG", exif=held(value)))) == 1


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        (b"", "Input is empty"),
        (b"no image", "Unknown image file format"),
        (saved(PICTURE, "TIFF"), "Unknown image file format"),
        (saved(PICTURE, "WEBP", **FRAMES), "An animated WebP cannot be decoded in a graph"),
        (FILES["JPEG 1"][:200], "Invalid JPEG"),
        (
            without_marker(FILES["CMYK JPEG"]),
            "A CMYK JPEG without the marker of Adobe cannot be decoded in a graph",
        ),
        (FILES["BMP"][:28] + b"\x10" + FILES["BMP"][29:], "A BMP that is compressed, of 16 bits"),
    ],
)
def test_what_a_graph_cannot_decode_is_refused(contents, said, in_graph):
    with pytest.raises(tf.errors.InvalidArgumentError, match=said):
        in_graph(tf.constant(contents))
