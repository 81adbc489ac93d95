import pillow_heif
import pytest
from PIL import Image

from retrain.image_files import begins_like_image
from retrain.image_formats import (
    ENDINGS,
    EXTENSIONS,
    FORMATS,
    HEIF_EXTENSIONS,
    LONGEST,
    format_of,
    names_of_images,
)

NUMBERS = ["0.jpg", "1.jpg"]
NAMES = {
    "JPEG": "JPEG",
    "PNG": "PNG",
    "GIF": "GIF",
    "BMP": "BMP",
    "WEBP": "WebP",
    "TIFF": "TIFF",
    "AVIF": "AVIF",
    "HEIF": "HEIF",
    "PPM": "PNM",
}


@pytest.mark.parametrize("image_format", NAMES)
def test_a_format_is_known_by_its_first_bytes(image_format, tmp_path):
    pillow_heif.register_heif_opener()
    Image.new("RGB", (64, 64)).save(tmp_path / "image", image_format)
    assert format_of((tmp_path / "image").read_bytes()[:LONGEST]) == NAMES[image_format]
    assert begins_like_image(str(tmp_path / "image"))


@pytest.mark.parametrize("contents", [b"", b"BMW is a maker", b"RIFF\0\0\0\0WAVE", b"\0\0\0\x18ftypmp42"])
def test_other_bytes_begin_no_image(contents, tmp_path):
    (tmp_path / "file").write_bytes(contents)
    assert not begins_like_image(str(tmp_path / "file"))
    assert not begins_like_image(str(tmp_path / "missing"))


def test_heif_is_listed_where_it_can_be_read():
    """As it can be where the tests run."""
    assert set(HEIF_EXTENSIONS) < set(EXTENSIONS)


def test_every_format_has_an_ending_of_its_own():
    assert ENDINGS.keys() == FORMATS.keys()
    assert len(set(ENDINGS.values()) & set(EXTENSIONS)) == len(FORMATS)


def test_images_have_the_names_that_are_said_of_all():
    assert names_of_images(["a/1.JPEG", "b/./1.jpg"], NUMBERS) == ["a/1.JPEG", "b/1.jpg"]
    assert names_of_images([], NUMBERS[:0]) == []


@pytest.mark.parametrize("other", ["1.jpg", "./1.jpg", "/1.jpg", "../2.jpg", "a\0.jpg", "a\n.jpg", "2", ""])
def test_or_their_numbers(other):
    assert names_of_images(["1.jpg", other], NUMBERS) == NUMBERS
