"""The check of `predict`: what it was given, parsed without TensorFlow."""

import os
import pathlib
from collections.abc import Sequence
from typing import NamedTuple

from absl import logging

from retrain.addresses import is_address
from retrain.commands.checks import Published
from retrain.commands.module_check import (
    check_modules,
    label_map_of,
    local_classifier,
    local_directory,
)
from retrain.commands.predict.inputs import check_paths, find_images
from retrain.commands.predict.unfinished import SortedNote
from retrain.data.label_map import read_label_map
from retrain.errors import InputError
from retrain.exporters.assets import check_tells_familiarity, described_familiarity
from retrain.exporters.beside import wanted_litert
from retrain.extensions import named
from retrain.files import lies_in
from retrain.image_files import member_of
from retrain.report import TableRow, table_row
from retrain.settings.config import Config
from retrain.settings.data import DataSettings
from retrain.settings.needs import Circumstances

STANDARD_OUTPUT = "-"
QUICK = 3000  # images, up to which a command that was killed may begin again; TensorFlow keeps what it has
READ_PATHS = "retrain.data.table:read_paths"


class PredictPlan(NamedTuple):
    """What is predicted.

    Attributes:
      paths: image files, as they are called in the table; folders are replaced by what is in them.
      image_dir: where the paths begin; empty for the working directory.
      published: the classes, where they are those of a label map, and not of an export.
      output, table: the file to be written, and its format; None for standard output.
      note: of the folder of sorted images, by which a killed command goes on; None without `output`.
      is_sorted: whether that folder is there already, from such a command.
      litert: the directory of a TFLite file that is run instead of the module; empty where TensorFlow is.
    """

    config: Config
    paths: tuple[str, ...]
    image_dir: str
    published: Published | None
    output: str | None
    table: TableRow | None
    note: SortedNote | None = None
    is_sorted: bool = False
    litert: str = ""
    run: None = None

    @property
    def is_quick(self) -> bool:
        return bool(self.litert)


def check(config: Config, words: Sequence[str]) -> PredictPlan:
    """InputError when no file can be an image, or where something would be overwritten."""
    check_modules(Circumstances(config, "predict"))
    handle, results = config.module.tfhub_module, config.results
    labels = label_map_of(config.module)
    says_classes = labels is None and not results.features
    export = local_classifier(handle) if says_classes else None
    if results.reject_unfamiliar and (export or labels):
        check_tells_familiarity(bool(export and described_familiarity(export)), handle)
    output = None if results.output in (None, STANDARD_OUTPUT) else results.output
    table = None if output is None else table_row(output, "output")
    _check_place("output", output, "file")
    note = None if output is None else SortedNote(output, repr((config, *words)))
    is_sorted = bool(note and results.sort_into and note.is_of(results.sort_into))
    if not is_sorted:
        _check_place("sort_into", results.sort_into, "directory")
    _tell_where_sorted(results.sort_into, words or [config.data.image_dir])
    paths, image_dir = _paths(config.data, words)
    if results.sort_into and results.sort_by == "link":
        _check_no_members(paths)
    published = None if labels is None else Published(read_label_map(labels), {})
    litert = _litert(config, export, len(paths))
    _tell_what_computes(config, litert, len(paths))
    to = {"litert": litert, "output": output, "table": table, "note": note, "is_sorted": is_sorted}
    return PredictPlan(config, paths, image_dir, published, **to)


def _paths(data: DataSettings, words: Sequence[str]) -> tuple[tuple[str, ...], str]:
    """The images, and where their paths begin."""
    flags = {"labels_file": data.labels_file, "image_dir": data.image_dir}
    for name, given in flags.items():
        if words and given is not None:
            raise InputError(f"--{name}={given!r} and {words[0]!r} both name images: give one of the two.")
    if data.labels_file is not None:
        image_dir = data.image_dir or os.path.dirname(data.labels_file)
        paths = tuple(named(READ_PATHS)(data.labels_file, image_dir, data.path_column))
        check_paths(paths, image_dir)
        return paths, image_dir
    if data.image_dir is not None:
        words = [data.image_dir]
    if not words:
        raise InputError("predict needs images: name files or folders after the flags.")
    return find_images(words), ""


def _litert(config: Config, export: str | None, count: int) -> str:
    """The directory of the TFLite file to run; empty where TensorFlow is to."""
    is_left = config.module.image_size or count > QUICK
    if config.module.engine == "auto" and (is_left or not export):
        return ""
    return wanted_litert(config.module, export or "")


def _tell_what_computes(config: Config, litert: str, count: int) -> None:
    """At once, for TensorFlow takes seconds to load."""
    handle = config.module.tfhub_module
    what = "classify with" if not config.results.features else "pass through"
    with_what = f"{litert} (LiteRT)" if litert else local_directory(handle) or handle
    logging.info("Images to %s %s: %d.", what, with_what, count)


def _check_place(flag: str, path: str | None, what: str) -> None:
    if path is None:
        return
    if os.path.lexists(path):
        raise InputError(f"--{flag}={path!r} exists, and nothing is overwritten: name a new {what}.")
    above = next(place for place in pathlib.Path(path).absolute().parents if place.exists())
    if not (above.is_dir() and os.access(above, os.W_OK)):
        raise InputError(
            f"--{flag}={path!r} cannot be written, for {str(above)!r} is no folder that you may write in: "
            f"name a place where it can be."
        )


def _check_no_members(paths: Sequence[str]) -> None:
    for path in paths:
        if is_address(path) or member_of(path):
            where = "at an address, to which" if is_address(path) else "in a shard, to whose images"
            raise InputError(
                f"--sort_by=link was given, but {path!r} lies {where} no links lead: leave it out, and "
                "images are copied."
            )


def _tell_where_sorted(into: str | None, words: Sequence[str | None]) -> None:
    for word in filter(os.path.isdir, filter(None, words)):
        if into is not None and lies_in(into, word):
            logging.warning("%r lies in %r: from now on, images sorted there are images of both.", into, word)
