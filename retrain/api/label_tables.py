"""Labels that `train` is given in memory, as a file beside the run, which is how a verb takes them.

The file is called after its content: the same labels are the same file, with which an unfinished run goes on,
and `run.flags` repeats the run.
"""

import contextlib
import hashlib
import os
import pathlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from retrain.csv_text import csv_text
from retrain.errors import InputError
from retrain.files import write_text
from retrain.runs.run import RUNS
from retrain.settings.config import FIELDS
from retrain.settings.values import SEPARATOR_WORDS

PATH, LABEL = "path", "label"
SEVERAL = (list, tuple, set, frozenset, np.ndarray)
CONTENT = (bytes, bytearray, Mapping, Image.Image)  # of images; tables of datasets have it as dicts, too


@contextlib.contextmanager
def as_labels_file(data: Any, labels: Any, keywords: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yields the keywords with labels_file for a table, or paths and labels; nothing stays on an InputError.

    `keywords` say where the run is written to, where paths begin, and what stands between several labels.
    """
    if data is None or isinstance(data, str | os.PathLike):
        raise InputError(
            f"The first argument is a table or paths, but {data!r} was given: name a folder by --image_dir."
        )
    if keywords.get("labels_file") is not None:
        raise InputError(
            "The first argument and --labels_file both say what is on images: give one of the two."
        )
    image_dir = keywords.get("image_dir")
    table = data if isinstance(data, pd.DataFrame) else _table(data, labels)
    if isinstance(data, pd.DataFrame) and labels is not None:
        raise InputError(
            "labels= goes with a list of paths, and the first argument is a table: leave it out."
        )
    _check_no_content(table)
    if image_dir is None and table is data:
        raise InputError(
            "A table was given without the folder in which its paths begin: name that by --image_dir."
        )
    if image_dir is None:
        image_dir, table = _from_one_folder(table)
    text = csv_text(_joined(table, keywords.get("label_separator")))
    directory = (
        pathlib.Path(keywords["model_dir"]).parent if keywords.get("model_dir") else pathlib.Path(RUNS)
    )
    with _written(directory / f"labels-{hashlib.sha256(text.encode()).hexdigest()[:8]}.csv", text) as path:
        yield {**keywords, "image_dir": image_dir, "labels_file": path}


def _table(data: Any, labels: Any) -> pd.DataFrame:
    """A row an image; InputError where the two are not of one length."""
    if isinstance(data, CONTENT) or not _is_several(data):
        raise _no_paths(f"it is {type(data).__name__}")
    paths = list(data)
    for position, path in enumerate(paths):
        if not isinstance(path, str | os.PathLike):
            raise _no_paths(f"its item {position} is {type(path).__name__}")
    if labels is not None and (isinstance(labels, str | bytes) or not _is_several(labels)):
        raise InputError(
            f"labels= is {type(labels).__name__}, but a list was expected: a label, or a list of labels, for "
            f"each path."
        )
    labels = None if labels is None else list(labels)
    count = "none" if labels is None else len(labels)
    if count != len(paths):
        raise InputError(
            f"{len(paths)} paths were given, and labels for {count}: give a label, or a list of labels, for "
            f"each."
        )
    return pd.DataFrame({PATH: [os.fspath(path) for path in paths], LABEL: labels})


def _is_several(given: Any) -> bool:
    """Whether it can be gone through; an array of one value cannot."""
    return isinstance(given, Iterable) and getattr(given, "ndim", 1) > 0


def _check_no_content(table: pd.DataFrame) -> None:
    """InputError for a cell that is an image and no name of one."""
    for name, column in table.items():
        for row, cell in enumerate(column):
            if isinstance(cell, CONTENT) or getattr(cell, "ndim", 0) > 1:
                raise _no_paths(f"its {name!r} in row {row} is {type(cell).__name__}")


def _no_paths(found: str) -> InputError:
    return InputError(
        f"The first argument is a table or a list of paths, but {found}: write images into files, or fit "
        f"retrain.sklearn.ImageClassifier, which takes arrays, PIL images and bytes as they are."
    )


def _from_one_folder(table: pd.DataFrame) -> tuple[str | None, pd.DataFrame]:
    """The folder that all files lie in, and the table with their paths in it."""
    paths = [os.path.abspath(path) for path in table[PATH]]
    if not paths:
        raise InputError("No paths were given: give one for each image.")
    folder = os.path.commonpath([os.path.dirname(path) for path in paths])
    return folder, table.assign(**{PATH: [os.path.relpath(path, folder) for path in paths]})


def _joined(table: pd.DataFrame, separator: str | None) -> pd.DataFrame:
    """The table with several labels of a cell as one text."""
    between = separator or FIELDS["label_separator"].default
    between = SEPARATOR_WORDS.get(between, between)

    def joined(cell: Any) -> Any:
        labels = sorted(cell) if isinstance(cell, set | frozenset) else cell  # one file for one table
        return between.join(map(str, labels)) if isinstance(cell, SEVERAL) else cell

    return table.map(joined)


@contextlib.contextmanager
def _written(path: pathlib.Path, text: str) -> Iterator[pathlib.Path]:
    """Yields the path of a file with this text, which an InputError removes, unless it was there before."""
    was_there, had_directory = path.exists(), path.parent.exists()
    if not was_there:
        write_text(path, text)
    try:
        yield path
    except InputError:
        if not was_there:
            path.unlink(missing_ok=True)
        if not had_directory:
            with contextlib.suppress(OSError):
                path.parent.rmdir()
        raise
