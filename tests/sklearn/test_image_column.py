import pathlib

import numpy as np
import pandas as pd
import pytest
from PIL import ExifTags, Image

from retrain.errors import InputError
from retrain.features.cache import FileKey
from retrain.sklearn.image_column import are_paths, images_in, kept_for_now, keys_of

EXPECTED = (
    "a list, array, Series or DataFrame of one column was expected: paths, PIL images, bytes or arrays."
)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("picture.jpg", "X is str"),
        (Image.new("L", (2, 2)), "X is Image"),
        (7, "X is int"),
        ([], "X has no images (0 samples)"),
        (np.zeros([0, 2, 2, 3]), "X has no images (0 samples)"),
        (np.zeros([3, 5]), "X is ndarray of 3x5 values"),
        (np.zeros(()), "X is ndarray of  values"),
        (pd.DataFrame({"a": ["1.png"], "b": ["2.png"]}), "X is DataFrame of 1x2 values"),
    ],
)
def test_what_holds_no_images_is_told(given, said):
    with pytest.raises(InputError) as raised:
        images_in(given)
    assert str(raised.value) == f"{said}, but {EXPECTED}"


@pytest.mark.parametrize("form", [list, tuple, np.asarray, pd.Series, lambda it: pd.DataFrame({"path": it})])
def test_columns_of_paths(form):
    assert images_in(form(["1.png", "2.png"])) == ["1.png", "2.png"]


def test_arrays_of_images():
    assert [image.shape for image in images_in(np.zeros([2, 4, 5, 3]))] == [(4, 5, 3)] * 2
    assert [image.shape for image in images_in(np.zeros([2, 4, 5]))] == [(4, 5)] * 2


def test_a_path_is_known_by_size_and_time(tmp_path):
    (tmp_path / "1.png").write_bytes(b"abc")
    time = (tmp_path / "1.png").stat().st_mtime_ns
    assert are_paths([tmp_path / "1.png"])
    assert [*keys_of([tmp_path / "1.png"])] == [FileKey(str(tmp_path / "1.png"), 3, time)]


def test_a_file_that_is_gone():
    with pytest.raises(InputError) as raised:
        next(keys_of(["/gone/1.png"]))
    assert str(raised.value) == "'/gone/1.png' cannot be read: No such file or directory."


def test_what_is_in_memory_is_known_by_its_content():
    image = np.arange(12, dtype=np.uint8).reshape([2, 2, 3])
    same, other, picture = image.copy(), image + 1, Image.fromarray(image)
    first, second, third, fourth = keys_of([image, same, other, picture])
    assert not are_paths(["1.png", image])
    assert first == second != third
    assert pathlib.Path(first.path).parent == kept_for_now()
    np.testing.assert_array_equal(Image.open(fourth.path), image)
    with pytest.raises(InputError, match=r"^X\[0\] is ndarray of int64 \[2, 2, 3\], from 0 to 11, but a "):
        next(keys_of([image.astype(np.int64)]))


def test_the_same_pixels_held_otherwise_are_another_image(tmp_path):
    image, turned = Image.fromarray(np.arange(12, dtype=np.uint8).reshape([2, 2, 3])), Image.Exif()
    turned[ExifTags.Base.Orientation] = 6
    image.save(tmp_path / "1.png", exif=turned)
    picture = Image.open(tmp_path / "1.png")
    first, second = keys_of([image, picture])
    np.testing.assert_array_equal(Image.open(first.path), image)
    np.testing.assert_array_equal(Image.open(second.path), image.transpose(Image.Transpose.ROTATE_270))


def test_the_same_pixels_in_other_colours_are_another_image():
    image = Image.new("P", (2, 2))
    image.putpalette([0, 0, 0])
    red = image.copy()
    red.putpalette([255, 0, 0])
    first, second = keys_of([image, red])
    assert first != second
