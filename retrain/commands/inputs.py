"""What can be known to be wrong before TensorFlow is imported: folders, handles, directories to write to.

What was found on the way is handed to the command, so that nothing is looked up twice.
"""

import os
import pathlib
import time
from collections.abc import Sequence
from typing import NamedTuple

from retrain.config import Config
from retrain.data.listing import EXTENSIONS, Listing, images_below, read_listing
from retrain.errors import InputError
from retrain.export import EXPORTERS
from retrain.extensions import unknown_name
from retrain.modules.resolve import check_handle

RUNS = "runs"


class Inputs(NamedTuple):
    """What a verb works on.

    Attributes:
      listing: the images of image_dir; None for predict.
      files: the images that predict was given, folders replaced by what is in them.
      run_directory: where the run will write; it is not there yet, or empty.
    """

    listing: Listing | None
    files: tuple[str, ...]
    run_directory: str


def read_inputs(verb: str, config: Config, files: Sequence[str]) -> Inputs:
    """Checks what the verb was given; InputError for the first thing that cannot work."""
    check_handle(config.tfhub_module)
    for name in config.export_formats:
        if name not in EXPORTERS:
            raise InputError(unknown_name(name, EXPORTERS, "export format"))
    if config.split_file is not None and not os.path.isfile(config.split_file):
        raise InputError(f"--split_file={config.split_file!r} is no file: name a run's predictions.csv.")
    if verb == "predict":
        _check_output(config.output)
        return Inputs(None, _image_files(files), "")
    run_directory = config.model_dir or _new_run(config.image_dir)
    listing = read_listing(config.image_dir)
    _check_unused(run_directory, listing)
    return Inputs(listing, (), run_directory)


def _new_run(image_dir: str) -> str:
    folder = os.path.basename(os.path.abspath(image_dir))
    return os.path.join(RUNS, f"{folder}-{time.strftime('%Y%m%d-%H%M%S')}")


def _check_unused(directory: str, listing: Listing) -> None:
    path = pathlib.Path(directory)
    if path.is_file():
        raise InputError(f"--model_dir={directory!r} is a file: name a new directory.")
    if not path.is_dir() or not any(path.iterdir()):
        return
    labels = path / "labels.txt"
    if labels.is_file() and tuple(labels.read_text("utf-8").splitlines()) != listing.class_names:
        raise InputError(
            f"--model_dir={directory!r} holds a run with other classes "
            f"({', '.join(labels.read_text('utf-8').splitlines()[:5])}, ...): name a new directory."
        )
    raise InputError(
        f"--model_dir={directory!r} is not empty, and nothing is overwritten: name a new directory."
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
        if not os.path.isdir(name):
            found.append(name)
            continue
        parent, folder = os.path.split(os.path.abspath(name))
        paths, _ = images_below(parent, folder)
        if not paths:
            raise InputError(f"{name!r} holds no images ({', '.join(EXTENSIONS)}): name a folder that does.")
        found += [os.path.join(name, os.path.relpath(path, folder)) for path in sorted(paths)]
    return tuple(found)
