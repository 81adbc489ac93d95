"""Images that a function is given, as files on the disk, which is how a verb takes them."""

import contextlib
import io
import os
import pathlib
import tempfile
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from PIL import Image

from retrain.data.readable import upright
from retrain.errors import InputError

PATH = (str, os.PathLike)
ALONE = (*PATH, bytes, Image.Image)
# Modes of Pillow that PNG has not: in TIFF as they are, or in a mode that shows the same.
IN_TIFF = ("CMYK", "I", "F", "LAB")
SHOWN_IN = {"YCbCr": "RGB", "HSV": "RGB", "RGBX": "RGB", "RGBa": "RGBA", "PA": "RGBA", "La": "LA"}


class GivenImages(NamedTuple):
    """What the verb takes for them; those that are no files of the user's lie in `directory`."""

    words: tuple[str, ...]
    directory: str

    def with_names(self, text: str) -> str:
        """The text, such as a path, with images[0] for the path of that one."""
        return text.replace(os.path.join(self.directory, ""), "")

    def table_with_names(self, table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(path=[self.with_names(path) for path in table["path"]])


@contextlib.contextmanager
def as_files(images: Any) -> Iterator[GivenImages]:
    """Yields them, one or several; None is none. Files that are made for it are there within.

    InputError for what is no image.
    """
    several = _several(images)
    with tempfile.TemporaryDirectory(prefix="retrain-") as directory:
        words = []
        for index, image in enumerate(several):
            if isinstance(image, PATH):
                words.append(os.fspath(image))
                continue
            name = f"images[{index}]"
            file = pathlib.Path(directory, name)
            file.write_bytes(_content(image, name))
            words.append(str(file))
        yield GivenImages(tuple(words), directory)


def _several(images: Any) -> list[Any]:
    if images is None:
        return []
    if _is_alone(images):
        return [images]
    try:
        given = iter(images)
    except TypeError:  # also of an array of no dimensions, which has __iter__
        raise InputError(
            f"{images!r} is no image, nor several: give a path, a PIL image, bytes of an image file, an "
            f"array [H, W, 3], or a list of such."
        ) from None
    return list(given)


def _is_alone(images: Any) -> bool:
    return isinstance(images, ALONE) or (hasattr(images, "shape") and len(images.shape) in (2, 3))


def _content(image: Any, name: str) -> bytes:
    """Of a file; of a PIL image of a damaged one it is that, which is skipped as others are."""
    try:
        return encoded(image, name)
    except InputError:
        if its_file := _its_file(image):
            return its_file
        raise


def _its_file(image: Any) -> bytes:
    """What a PIL image was opened from; b"" where that cannot be read, or it is not the first image in it."""
    file = getattr(image, "fp", None)
    if file is None or file.closed or image.tell():
        return b""
    file.seek(0)
    return file.read()


def encoded(image: Any, name: str) -> bytes:
    """The content of a file; what has been decoded is written without loss, as PNG; `name` is for errors."""
    if isinstance(image, bytes):
        return image
    file = io.BytesIO()
    is_picture = isinstance(image, Image.Image)
    picture = held(image, name) if is_picture else Image.fromarray(_eight_bits(image, name))
    if picture.mode in SHOWN_IN:
        picture = picture.convert(SHOWN_IN[picture.mode])
    picture.save(file, "TIFF" if picture.mode in IN_TIFF else "PNG")
    return file.getvalue()


def held(picture: Image.Image, name: str) -> Image.Image:
    """Turned by the EXIF or XMP that it still knows of its file; InputError where the file is damaged."""
    try:
        return upright(picture)
    except Exception as error:  # Pillow decodes it only now
        raise InputError(f"{name} is a PIL image that cannot be decoded ({error}): leave it out.") from error


def _eight_bits(image: Any, name: str) -> np.ndarray:
    """uint8 [H, W], [H, W, 3] or [H, W, 4]."""
    array = np.asarray(image)
    array = array[..., 0] if array.ndim == 3 and array.shape[-1] == 1 else array
    has_form = array.size > 0 and (array.ndim == 2 or (array.ndim == 3 and array.shape[-1] in (3, 4)))
    if has_form and array.dtype == np.uint8:
        return array
    if has_form and array.dtype.kind == "f" and array.min() >= 0 and array.max() <= 1:
        return np.round(array * 255).astype(np.uint8)
    span = f", from {array.min():g} to {array.max():g}" if array.size and array.dtype.kind in "iuf" else ""
    raise InputError(
        f"{name} is {type(image).__name__} of {array.dtype} {list(array.shape)}{span}, but a path, a PIL "
        f"image, bytes of an image file, or an array was expected: uint8, or float in [0, 1], [H, W, 3]."
    )
