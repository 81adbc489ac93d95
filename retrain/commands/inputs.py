"""What can be known to be wrong before TensorFlow is imported: folders, handles, directories to write to.

What was found on the way is handed to the command, so that nothing is looked up twice.
"""

import contextlib
import dataclasses
import os
import pathlib
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from retrain.commands.task_flags import head_kinds, task_kinds
from retrain.config import FIELDS, Config, check
from retrain.data import READERS
from retrain.data.folder import check_class_count
from retrain.data.label_map import label_indices, read_label_map
from retrain.data.listing import EXTENSIONS, Listing, images_below, read_listing
from retrain.errors import InputError
from retrain.export import EXPORTERS
from retrain.export.assets import check_is_classifier
from retrain.extensions import load, unknown_name
from retrain.heads import HEADS
from retrain.modules.resolve import check_handle
from retrain.sweep.objective import find_objective
from retrain.sweep.space import check_space, parse_space, trial_count, values_of

RUNS = "runs"
SWEEP_FLAGS = "sweep.flags"  # the file by which a sweep's directory is known, and may be gone on with
SHOWN_NAMES = 5


class Inputs(NamedTuple):
    """What a verb works on.

    Attributes:
      listing: the images of image_dir; None for predict.
      files: the images that predict was given, folders replaced by what is in them.
      run_directory: where the run will write, not there yet or empty; "" for predict.
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
    if config.split_file is not None and not os.path.isfile(config.split_file):
        raise InputError(f"--split_file={config.split_file!r} is no file: name a run's predictions.csv.")
    if verb == "predict":
        _check_output(config.output)
        return Inputs(None, _image_files(files), "")
    run_directory = config.model_dir or _new_run(config.image_dir)
    listing = read_labels(config)
    if verb != "evaluate" and listing.columns is None:
        check_class_count(config.image_dir, listing.class_names)
    _check_class_names(listing)
    _check_label_map(verb, config, listing)
    _check_outside(run_directory, config.image_dir)
    if verb == "sweep":
        check_sweep(config, listing)
    if verb != "sweep" or not os.path.isfile(os.path.join(run_directory, SWEEP_FLAGS)):
        _check_unused(run_directory, listing)
    return Inputs(listing, (), run_directory)


@contextlib.contextmanager
def claimed(directory: str, shared: bool = False) -> Iterator[None]:
    """Makes a run's directory, if it has one, before another run can; an empty one does not stay.

    One that is `shared` may have been made by another worker meanwhile.
    """
    made = directory != "" and not os.path.isdir(directory)
    try:
        if made:
            os.makedirs(directory, exist_ok=shared)
    except FileExistsError:
        raise InputError(
            f"Another run, started just now, writes to {directory!r}: start again, or name a --model_dir."
        ) from None
    try:
        yield
    finally:
        if made:
            with contextlib.suppress(OSError):
                os.rmdir(directory)


def read_labels(config: Config) -> Listing:
    """The images of image_dir and their labels, which folders or a table give them."""
    kinds = task_kinds(config)
    for kind in (config.head, *kinds.values()):
        if kind not in HEADS:
            raise InputError(unknown_name(kind, HEADS, "head"))
    if config.labels_file is None:
        _check_no_table(config)
        return read_listing(config.image_dir)
    _check_table(config)
    form = (config.path_column, kinds, config.label_separator)
    return load(READERS, "table", "reader")(config.labels_file, config.image_dir, form)


def _check_no_table(config: Config) -> None:
    for name, value in (("tasks", config.tasks), ("path_column", config.path_column)):
        if value is not None:
            raise InputError(
                f"--{name}={value} says what is in a table of labels, but there is no --labels_file: give "
                f"one."
            )


def _check_table(config: Config) -> None:
    if not os.path.isdir(config.image_dir):
        raise InputError(
            f"--image_dir={config.image_dir!r} is no folder, but the paths in "
            f"--labels_file={config.labels_file!r} are taken from there: name the folder of the images."
        )
    if config.head != FIELDS["head"].default:
        raise InputError(
            f"--head={config.head} is for class folders: with --labels_file, write "
            f"--tasks=COLUMN:{config.head}."
        )
    if config.label_map is not None:
        raise InputError(
            "--label_map is for class folders, which have the names of a module's own classes: it does not "
            "go with --labels_file."
        )


def check_sweep(config: Config, listing: Listing) -> None:
    """InputError for a space that cannot be searched, or an objective that some trial would not have."""
    space = parse_space(config.sweep)
    check_space(space, config)
    trial_count(config.trials, config.sampler, space)
    first = {name: values_of(space, name)[0] for name in space}
    check(dataclasses.replace(config, **first), "sweep", first)
    for handle in values_of(space, "tfhub_module") if "tfhub_module" in space else ():
        check_handle(handle)
    for name in {"head", "tasks"} & set(space):
        for value in values_of(space, name):
            of_value = dataclasses.replace(config, **{name: value})
            find_objective(config.objective, _head_kinds(read_labels(of_value), of_value))
    find_objective(config.objective, _head_kinds(listing, config))


def _head_kinds(listing: Listing, config: Config) -> dict[str, str]:
    return head_kinds(listing, config.head, task_kinds(config))


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


def _check_unused(directory: str, listing: Listing) -> None:
    path = pathlib.Path(directory)
    if path.is_file():
        raise InputError(f"--model_dir={directory!r} is a file: name a new directory.")
    if not path.is_dir() or not any(path.iterdir()):
        return
    labels = path / "labels.txt"
    others = labels.read_text("utf-8", "replace").splitlines() if labels.is_file() else []
    if others and tuple(others) != listing.class_names:
        raise InputError(
            f"--model_dir={directory!r} holds a run with other classes ({', '.join(others[:SHOWN_NAMES])}"
            f"{', ...' if len(others) > SHOWN_NAMES else ''}): name a new directory."
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
