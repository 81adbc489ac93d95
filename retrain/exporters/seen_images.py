"""The images that an exported classifier has seen, by hashes of their content: eight bytes an image.

They travel in `assets.extra/seen_images.npz`, so that an evaluation, wherever the export lies then, can tell
the images it was made with from others.
"""

import io
import pathlib
import zipfile
from collections.abc import Collection
from typing import NamedTuple

import numpy as np

from retrain.data.pipeline import hexadecimal
from retrain.errors import InputError
from retrain.examples.labelled import LabelledExamples
from retrain.exporters.assets import FOLDER
from retrain.files import write_bytes
from retrain.model import ImageClassifier
from retrain.modules.sources.source import source_of

FILE = "seen_images.npz"


class SeenImages(NamedTuple):
    """Contents of images, as examples have them.

    Attributes:
      train: those that it was trained on, its base included.
      validation: those by which it was chosen and calibrated.
      base: those that the base was trained on, which a classifier that is made of it has seen, too.
    """

    train: Collection[str] = frozenset()
    validation: Collection[str] = frozenset()
    base: Collection[str] = frozenset()


NOTHING_SEEN = SeenImages()


def seen_images(model: ImageClassifier, examples: LabelledExamples) -> SeenImages:
    """What a model has seen that was trained on these examples."""
    train, validation = (frozenset(examples.split(split).contents) for split in ("train", "validation"))
    base = frozenset(read_seen(source_of(model.base.handle).fetched().files).base)
    return SeenImages(train | base, validation, base | train if model.train_base else base)


def write_seen(seen: SeenImages, directory: str) -> None:
    """Into an export's directory."""
    columns = {name: _integers(contents) for name, contents in seen._asdict().items()}
    buffer = io.BytesIO()
    np.savez(buffer, **columns)
    write_bytes(pathlib.Path(directory) / FOLDER / FILE, buffer.getvalue())


def read_seen(directory: str | None) -> SeenImages:
    """Of an export's directory; nothing of a module that does not say it, as those of others do not."""
    path = pathlib.Path(directory or "") / FOLDER / FILE
    if directory is None or not path.is_file():
        return NOTHING_SEEN
    try:
        with np.load(path) as columns:
            return SeenImages(*(_contents(columns[name]) for name in SeenImages._fields))
    except (OSError, ValueError, LookupError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{str(path)!r} was expected to hold hashes of the images that the classifier has seen, but "
            f"cannot be read ({error}): export it again, or remove the file."
        ) from error


def _integers(contents: Collection[str]) -> np.ndarray:
    return np.array([int(content, 16) for content in sorted(contents)], "<i8")


def _contents(hashes: np.ndarray) -> frozenset[str]:
    return frozenset(hexadecimal(hashes.tolist()))
