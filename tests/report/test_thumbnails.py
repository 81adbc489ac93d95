import base64
import dataclasses
import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from retrain.report.thumbnails import SIDE, Thumbnails, data_uri, fall_in_words
from retrain.settings.data import Decoding
from tests.examples.worlds import made_up

ORIENTATION = 0x0112


def opened(uri: str) -> Image.Image:
    head, _, content = uri.partition(",")
    assert head == "data:image/jpeg;base64"
    return Image.open(io.BytesIO(base64.b64decode(content)))


@pytest.fixture
def thumbnails(tmp_path):
    def of(path: str, background: str = "white") -> Image.Image:
        examples = dataclasses.replace(
            made_up([path], kind=["a"]).on(Decoding(background)), image_dir=str(tmp_path)
        )
        return opened(Thumbnails(examples).of(path))

    return of


def test_a_photo_is_made_small(tmp_path, thumbnails):
    Image.new("RGB", (1200, 600), "blue").save(tmp_path / "a.jpg")
    picture = thumbnails("a.jpg")
    assert picture.size == (SIDE, SIDE // 2)
    assert picture.getpixel((70, 30))[2] > 240


def test_a_photo_is_upright(tmp_path, thumbnails):
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    Image.new("RGB", (1200, 600), "blue").save(tmp_path / "a.jpg", exif=exif)
    assert thumbnails("a.jpg").size == (SIDE // 2, SIDE)


def test_transparent_pixels_are_on_the_background_of_the_run(tmp_path, thumbnails):
    Image.new("RGBA", (40, 40), (255, 0, 0, 0)).save(tmp_path / "a.png")
    assert max(thumbnails("a.png", "black").getpixel((20, 20))) < 10


PIXELS = np.tile(np.arange(0, 240, 6, np.uint8), (40, 1))


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA"])
def test_a_png_is_what_training_saw(tmp_path, thumbnails, mode):
    Image.fromarray(PIXELS).convert(mode).save(tmp_path / "a.png")
    np.testing.assert_allclose(thumbnails("a.png"), np.stack([PIXELS] * 3, axis=-1), atol=4)  # of JPEG


def test_a_png_of_16_bits_that_uses_8_is_not_black(tmp_path, thumbnails):
    pixels = tf.constant(np.stack([PIXELS] * 3, axis=-1), tf.uint16)
    tf.io.write_file(str(tmp_path / "a.png"), tf.io.encode_png(pixels))
    np.testing.assert_allclose(thumbnails("a.png"), pixels, atol=4)


@pytest.mark.parametrize("content", [None, b"\xff\xd8\xff no photo", b"\x89PNG\r\n\x1a\n no picture"])
def test_what_is_gone_or_broken_by_now_is_blank(tmp_path, thumbnails, content):
    if content:
        (tmp_path / "a.jpg").write_bytes(content)
    assert thumbnails("a.jpg").getpixel((20, 20)) == pytest.approx((204, 204, 204), abs=2)


def test_a_picture_that_is_small_stays_so():
    assert opened(data_uri(Image.new("RGB", (20, 10)))).size == (20, 10)


@pytest.mark.parametrize(
    ("log_odds", "words"),
    [
        (-1.0, "odds of cat fall 1.0-fold"),
        (0.5, "odds of cat fall 1.6-fold"),
        (2.5, "odds of cat fall 12-fold"),
        (6.9, "odds of cat fall 992-fold"),
        (7.0, "odds of cat fall more than 1000-fold"),
    ],
)
def test_how_far_odds_fall(log_odds, words):
    assert fall_in_words("cat", log_odds) == words
