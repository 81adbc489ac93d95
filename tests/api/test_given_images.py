import io
import os
import pathlib

import numpy as np
import pandas as pd
import pytest
from PIL import ExifTags, Image, ImageOps

from retrain.api.given_images import SHOWN_IN, as_files, encoded
from retrain.errors import InputError

PIXELS = np.random.default_rng(3).integers(0, 256, [4, 5, 3], np.uint8)
TURNED = Image.Exif()
TURNED[ExifTags.Base.Orientation] = 6
SPAN = np.linspace(0, 1, 60, dtype=np.float32).reshape([4, 5, 3])


def test_paths_are_words_as_they_are():
    for images in ("a.png", pathlib.Path("a.png"), ["a.png"], (path for path in ["a.png"])):
        with as_files(images) as given:
            assert given.words == ("a.png",)
            assert given.with_names("'a.png' is skipped") == "'a.png' is skipped"


def test_none_is_none():
    with as_files(None) as given:
        assert given.words == ()


@pytest.mark.parametrize(
    ("image", "seen"),
    [
        (PIXELS, PIXELS),
        (PIXELS / 255, PIXELS),
        ((PIXELS / 255).astype(np.float32), PIXELS),
        (PIXELS[..., 0], PIXELS[..., 0]),
        (PIXELS[..., :1], PIXELS[..., 0]),
        (np.dstack([PIXELS, PIXELS[..., 0]]), np.dstack([PIXELS, PIXELS[..., 0]])),
        (Image.fromarray(PIXELS), PIXELS),
    ],
)
def test_what_is_decoded_is_a_file_without_loss(image, seen):
    with as_files([image]) as given:
        [word] = given.words
        np.testing.assert_array_equal(np.asarray(Image.open(word)), seen)
        assert given.with_names(f"{word!r} is skipped") == "'images[0]' is skipped"
    assert not os.path.exists(word)


def test_cmyk_stays_cmyk():
    with as_files(Image.new("CMYK", (2, 2), (1, 2, 3, 4))) as given:
        assert Image.open(given.words[0]).getpixel((0, 0)) == (1, 2, 3, 4)


XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'


@pytest.mark.parametrize("marked", [{"exif": TURNED}, {"xmp": XMP}])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_pil_image_is_turned_as_its_file_is(mode, marked, tmp_path):
    path = tmp_path / "1.jpg"
    Image.fromarray(PIXELS).convert(mode).save(path, **marked)
    with Image.open(path) as picture, as_files(picture) as given, Image.open(given.words[0]) as written:
        assert written.getexif().get(ExifTags.Base.Orientation, 1) == 1
        np.testing.assert_array_equal(written, ImageOps.exif_transpose(picture))
        assert (written.size, picture.size) == ((4, 5), (5, 4))


def test_a_pil_image_that_was_turned_is_not_turned_again(tmp_path):
    Image.fromarray(PIXELS).save(tmp_path / "1.png", exif=TURNED)
    with Image.open(tmp_path / "1.png") as picture, as_files(ImageOps.exif_transpose(picture)) as given:
        [word] = given.words
        with Image.open(word) as written:
            assert written.size == (4, 5)


@pytest.mark.parametrize("mode", ["YCbCr", "HSV", "RGBX", "RGBa", "PA", "La", "I", "F", "LAB"])
def test_pil_images_of_every_mode_are_files(mode):
    grey = Image.fromarray(PIXELS[..., 0])
    image = grey if mode in ("I", "F") else Image.merge("LA", [grey, grey]) if mode == "La" else None
    image = image or Image.fromarray(PIXELS).convert("RGBA" if mode in ("RGBa", "PA") else "RGB")
    image = Image.new(mode, (5, 4), (99, 9, 9)) if mode == "LAB" else image.convert(mode)
    with as_files(image) as given, Image.open(given.words[0]) as written:
        seen = image.convert(SHOWN_IN.get(mode, mode))
        assert written.mode == seen.mode
        np.testing.assert_array_equal(written, seen)


def cut_off(image_format: str) -> bytes:
    """The first third of a file; of a GIF of two images most of it."""
    file, image = io.BytesIO(), Image.fromarray(np.tile(PIXELS, [20, 20, 1]))
    if image_format == "GIF":
        image.save(file, image_format, save_all=True, append_images=[image.rotate(90)])
        return file.getvalue()[:-100]
    image.save(file, image_format)
    return file.getvalue()[: len(file.getvalue()) // 3]


def test_a_pil_image_of_a_damaged_file():
    with Image.open(io.BytesIO(cut_off("JPEG"))) as picture, pytest.raises(InputError) as raised:
        encoded(picture, "X[3]")
    said = str(raised.value.__cause__)
    assert "truncated" in said
    assert str(raised.value) == f"X[3] is a PIL image that cannot be decoded ({said}): leave it out."


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "TIFF", "BMP"])
def test_a_damaged_file_is_given_as_it_is(image_format, tmp_path):
    content = cut_off(image_format)
    (tmp_path / "cut").write_bytes(content)
    for file in (tmp_path / "cut", io.BytesIO(content)):
        with Image.open(file) as picture, as_files(["a.png", picture]) as given:
            assert pathlib.Path(given.words[1]).read_bytes() == content


def test_but_not_where_it_has_another_image_that_is_sound_or_has_been_closed():
    with Image.open(io.BytesIO(cut_off("GIF"))) as picture:
        picture.seek(1)
        with pytest.raises(InputError) as raised, as_files(picture):
            pass
    assert str(raised.value).startswith(
        "images[0] is a PIL image that cannot be decoded (image file is trunc"
    )
    picture = Image.open(file := io.BytesIO(cut_off("PNG")))
    file.close()
    with pytest.raises(InputError) as raised, as_files(picture):
        pass
    assert str(raised.value) == (
        "images[0] is a PIL image that cannot be decoded (I/O operation on closed file.): leave it out."
    )


def test_bytes_are_the_file():
    file = io.BytesIO()
    Image.fromarray(PIXELS).save(file, "JPEG")
    with as_files(file.getvalue()) as given:
        assert pathlib.Path(given.words[0]).read_bytes() == file.getvalue()


def test_a_batch_is_several():
    with as_files(np.stack([PIXELS, PIXELS])) as given:
        assert [*map(given.with_names, given.words)] == ["images[0]", "images[1]"]
        table = given.table_with_names(pd.DataFrame({"path": [given.words[1], "other"]}))
        assert table["path"].tolist() == ["images[1]", "other"]


@pytest.mark.parametrize(
    ("image", "found"),
    [
        (5, "int of int64 [], from 5 to 5"),
        (255 * SPAN, "ndarray of float32 [4, 5, 3], from 0 to 255"),
        ((255 * SPAN).astype(np.int64), "ndarray of int64 [4, 5, 3], from 0 to 255"),
        (np.zeros([4, 5, 7]), "ndarray of float64 [4, 5, 7], from 0 to 0"),
        (None, "NoneType of object []"),
    ],
)
def test_what_is_no_image(image, found):
    with pytest.raises(InputError) as raised, as_files(["a.png", image]):
        pass
    assert str(raised.value) == (
        f"images[1] is {found}, but a path, a PIL image, bytes of an image file, or an array was expected: "
        f"uint8, or float in [0, 1], [H, W, 3]."
    )


@pytest.mark.parametrize("images", [5, 0.5, True, np.float32(2), np.array(7)])
def test_what_is_neither_an_image_nor_several(images):
    with pytest.raises(InputError) as raised, as_files(images):
        pass
    assert str(raised.value) == (
        f"{images!r} is no image, nor several: give a path, a PIL image, bytes of an image file, an array "
        f"[H, W, 3], or a list of such."
    )
