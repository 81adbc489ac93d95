"""Images as scikit-learn hands them on: taken apart, and each as a file that the feature pass knows again."""

import atexit
import functools
import hashlib
import os
import pathlib
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from retrain.api.given_images import ALONE, PATH, encoded, held
from retrain.errors import InputError
from retrain.features.cache import FileKey
from retrain.image_files import status

EXPECTED = "a list, array, Series or DataFrame of one column was expected: paths, PIL images, bytes or arrays"


def images_in(X: Any) -> list[Any]:  # noqa: N803
    """One after the other; InputError for what holds none."""
    if isinstance(X, ALONE) or not hasattr(X, "__len__"):
        raise InputError(f"X is {type(X).__name__}, but {EXPECTED}.")
    if isinstance(X, pd.DataFrame) and X.shape[1] == 1:
        X = X.iloc[:, 0]  # noqa: N806
    array = X if isinstance(X, np.ndarray) else None
    is_column = array is not None and array.ndim == 2 and array.shape[1] == 1 and array.dtype.kind in "OUS"
    if isinstance(X, pd.DataFrame) or (array is not None and array.ndim not in (1, 3, 4) and not is_column):
        shape = "x".join(map(str, X.shape))
        raise InputError(f"X is {type(X).__name__} of {shape} values, but {EXPECTED}.")
    images = list(array[:, 0] if is_column else X)
    if not images:
        raise InputError(f"X has no images (0 samples), but {EXPECTED}.")
    return images


def keys_of(images: Sequence[Any]) -> Iterator[FileKey]:
    """Each image as a file. What is in memory is the same file whenever it comes again in this process."""
    for position, image in enumerate(images):
        if isinstance(image, PATH):
            yield _key_of_path(os.path.abspath(image))
        else:
            yield _key_of_memory(image, f"X[{position}]")


def are_paths(images: Sequence[Any]) -> bool:
    """Whether all of them are files of the user's."""
    return all(isinstance(image, PATH) for image in images)


@functools.cache
def kept_for_now() -> pathlib.Path:
    """A directory that is there until the process ends."""
    directory = tempfile.TemporaryDirectory(prefix="retrain-")
    atexit.register(directory.cleanup)
    return pathlib.Path(directory.name)


def _key_of_path(path: str) -> FileKey:
    try:
        found = status(path)
    except OSError as error:
        raise InputError(f"{path!r} cannot be read: {error.strerror}.") from None
    return FileKey(path, found.size, found.mtime_ns)


def _key_of_memory(image: Any, name: str) -> FileKey:
    path = kept_for_now() / _digest(image, name)
    if not path.exists():
        path.write_bytes(encoded(image, name))
        os.utime(path, (0, 0))  # one time for all, as the key says
    return FileKey(str(path), path.stat().st_size, 0)


def _digest(image: Any, name: str) -> str:
    """Of all that makes it another image."""
    if isinstance(image, bytes):
        about, content = "", image
    elif isinstance(image, Image.Image):
        seen = held(image, name)
        about, content = str((seen.mode, seen.size, seen.getpalette(), seen.info)), seen.tobytes()
    else:
        array = np.asarray(image)
        about, content = f"{array.dtype} {array.shape}", array.tobytes()
    return hashlib.sha256(about.encode() + b"\0" + content).hexdigest()
