"""What can be known to be wrong before TensorFlow is imported: folders, handles, directories to write to.

What was found on the way is handed to the command, so that nothing is looked up twice.
"""

import os
import pathlib
import time
from collections.abc import Sequence
from typing import NamedTuple

from absl import logging

from retrain.commands.label_inputs import read_labels
from retrain.commands.sweep.inputs import check_sweep
from retrain.commands.task_flags import head_kinds, task_kinds, task_weights
from retrain.commands.train.warm_start_source import find_source
from retrain.data.folder import check_class_count
from retrain.data.label_map import label_indices, read_label_map
from retrain.data.listing import EXTENSIONS, Listing, images_below
from retrain.errors import InputError
from retrain.export import EXPORTERS
from retrain.export.assets import check_is_classifier
from retrain.extensions import unknown_name
from retrain.modules.sources.source import check_handle
from retrain.runs.run_directory import check_run_directory
from retrain.settings.config import Config

RUNS = "runs"


class Inputs(NamedTuple):
    """What a verb works on.

    Attributes:
      listing: the images of image_dir; None for predict.
      files: the images that predict was given, folders replaced by what is in them.
      run_directory: where the run will write, not there yet, empty, or of a run that goes on; "" for
        predict.
    """

    listing: Listing | None
    files: tuple[str, ...]
    run_directory: str


def read_inputs(verb: str, config: Config, files: Sequence[str]) -> Inputs:
    """Checks what the verb was given; InputError for the first thing that cannot work."""
    check_handle(config.tfhub_module)
    if verb == "inspect":
        return Inputs(None, (), "")
    if verb in ("evaluate", "predict") and config.label_map is None and os.path.isdir(config.tfhub_module):
        check_is_classifier(config.tfhub_module, config.tfhub_module)
    for name in config.export_formats:
        if name not in EXPORTERS:
            raise InputError(unknown_name(name, EXPORTERS, "export format"))
    if config.warm_start_from is not None:
        find_source(config.warm_start_from)
    if config.split_file is not None and not os.path.isfile(config.split_file):
        raise InputError(f"--split_file={config.split_file!r} is no file: name a run's predictions.csv.")
    if verb == "predict":
        _check_output(config.output)
        pictures = _image_files(files)
        # TensorFlow takes seconds to load.
        logging.info("Pictures to classify with %s: %d.", config.tfhub_module, len(pictures))
        return Inputs(None, pictures, "")
    run_directory = config.model_dir or _new_run(config.image_dir)
    listing = read_labels(config)
    if verb != "evaluate" and listing.columns is None:
        check_class_count(config.image_dir, listing.class_names)
    _check_class_names(listing)
    _check_label_map(verb, config, listing)
    _check_outside(run_directory, config.image_dir)
    task_weights(config, head_kinds(listing, config.head, task_kinds(config)))
    if verb == "sweep":
        check_sweep(config, listing)
    check_run_directory(run_directory, verb, config, listing.class_names)
    return Inputs(listing, (), run_directory)


def _new_run(image_dir: str) -> str:
    folder = os.path.basename(os.path.abspath(image_dir))
    return os.path.join(RUNS, f"{folder}-{time.strftime('%Y%m%d-%H%M%S')}")


def _check_class_names(listing: Listing) -> None:
    """labels.txt holds one name a line."""
    for name in listing.class_names:
        if name.splitlines() != [name]:
            raise InputError(
                f"The class folder {name!r} in {listing.image_dir!r} has a line break in its name, but "
                f"labels are written one a line: rename it."
            )


def _check_label_map(verb: str, config: Config, listing: Listing) -> None:
    if config.label_map is None:
        return
    labels = read_label_map(config.label_map)
    if verb == "evaluate":
        label_indices(listing.class_names, labels, config.label_map)
    elif not config.warm_start_head:
        raise InputError(
            f"--label_map={config.label_map!r} is not read by {verb} without --warm_start_head: give both, "
            f"or neither."
        )


def _check_outside(directory: str, image_dir: str) -> None:
    if pathlib.Path(directory).resolve().is_relative_to(pathlib.Path(image_dir).resolve()):
        raise InputError(
            f"The run would write to {directory!r}, inside --image_dir={image_dir!r}, where the next run "
            f"would take it for a class: name a --model_dir elsewhere."
        )


def _check_output(output: str | None) -> None:
    if output is not None and os.path.exists(output):
        raise InputError(f"--output={output!r} exists, and nothing is overwritten: name a new file.")


def _image_files(names: Sequence[str]) -> tuple[str, ...]:
    """The files named, and the images in the folders named, at any depth."""
    found: list[str] = []
    for name in names:
        if not os.path.exists(name):
            raise InputError(f"{name!r} does not exist, but an image or a folder of images was expected.")
        found += _images_in(name) if os.path.isdir(name) else [name]
    for path in found:
        if path.encode("utf-8", "replace").decode() != path:
            raise InputError(
                f"{os.fsencode(path)!r} is not UTF-8, as the name of a file was expected to be: rename it."
            )
    return tuple(found)


def _images_in(name: str) -> list[str]:
    parent, folder = os.path.split(os.path.abspath(name))
    paths, _ = images_below(parent, folder)
    if not paths:
        raise InputError(f"{name!r} holds no images ({', '.join(EXTENSIONS)}): name a folder that does.")
    return [os.path.join(name, os.path.relpath(path, folder)) for path in paths]
