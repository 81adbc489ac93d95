"""What a header claims, of every format, and what is refused for it."""

import io
import struct
import threading

import pytest
from PIL import Image

from retrain.image_claims import LARGE, MOST_SCANS, UNBOUNDED, alone, claimed_pixels, has_many_scans, refusal
from tests.hostile_images import jpeg_of_scans, png_of, tiff_of_tiles, webp_of

FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "AVIF", "PPM")


def saved(image_format: str, **options) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (41, 30)).save(file, image_format, **options)
    return file.getvalue()


@pytest.mark.parametrize("image_format", FORMATS)
def test_the_size_is_in_the_header(image_format):
    contents = saved(image_format)
    assert claimed_pixels(contents) == 41 * 30
    assert refusal(contents, 1e-3) == "more than 0.001 megapixels"
    assert refusal(contents, 1.23e-3) == ""


@pytest.mark.parametrize("options", [{"lossless": True}, {"exif": Image.Exif()}, {"save_all": True}])
def test_of_every_kind_of_webp(options):
    if "save_all" in options:
        options |= {"append_images": [Image.new("RGB", (41, 30), "red")]}
    assert claimed_pixels(saved("WEBP", **options)) == 41 * 30


@pytest.mark.parametrize("kind", [b"VP8L", b"VP8X"])
def test_a_few_bytes_may_claim_much(kind):
    contents = webp_of(16383, 10000, kind)
    assert claimed_pixels(contents) == 163_830_000
    assert refusal(contents, 100.0) == "more than 100 megapixels"


def test_what_claims_more_than_pillow_counts():
    assert claimed_pixels(png_of(2**30, 2**30)) == UNBOUNDED


def test_the_tiles_of_a_tiff_may_be_larger_than_its_image():
    assert claimed_pixels(tiff_of_tiles(16, 20000)) == 20000**2


@pytest.mark.parametrize("contents", [b"", b"no image", b"RIFF", saved("PNG")[:20], b"%!PS-Adobe-3.0 EPSF\n"])
def test_what_is_no_image_claims_nothing(contents):
    assert claimed_pixels(contents) == 0
    assert refusal(contents, 100.0) == ""


def test_a_jpeg_may_have_so_many_scans():
    assert not has_many_scans(jpeg_of_scans(MOST_SCANS))
    assert has_many_scans(jpeg_of_scans(MOST_SCANS + 1))
    assert refusal(jpeg_of_scans(MOST_SCANS + 1), 100.0) == "more than 100 scans"


def test_what_only_looks_like_scans_is_none():
    behind = saved("JPEG") + 200 * b"\xff\xda"
    comment = b"\xff\xfe" + struct.pack(">H", 402) + 200 * b"\xff\xda"
    assert not has_many_scans(behind)
    assert not has_many_scans(saved("JPEG").replace(b"\xff\xdb", comment + b"\xff\xdb", 1))


def test_large_images_are_decoded_alone():
    entered = threading.Event()

    def enter() -> None:
        with alone(LARGE + 1):
            entered.set()

    with alone(LARGE + 1), alone(LARGE):
        thread = threading.Thread(target=enter)
        thread.start()
        assert not entered.wait(0.05)
    thread.join()
    assert entered.is_set()
