"""Where labels come from: class folders, or a table; what is wrong with it before TensorFlow is imported."""

import os
from collections.abc import Sequence

from absl import logging

from retrain.commands.task_flags import task_kinds
from retrain.data import READERS
from retrain.data.listing import Listing, read_listing
from retrain.errors import InputError
from retrain.extensions import load, unknown_name
from retrain.heads import HEADS, TAKE_SEVERAL
from retrain.settings.config import FIELDS, Config

SHOWN_NAMES = 3


def read_labels(config: Config) -> Listing:
    """The images that --image_dir, or --labels_file, lists; InputError for what cannot be meant."""
    kinds = task_kinds(config)
    for kind in (config.head, *kinds.values()):
        if kind not in HEADS:
            raise InputError(unknown_name(kind, HEADS, "head"))
    if config.labels_file is None:
        _check_no_table(config)
        return read_listing(config.image_dir)
    _check_table(config)
    several = {task: kind in TAKE_SEVERAL for task, kind in kinds.items()}
    form = (config.path_column, several, config.label_separator)
    listing = load(READERS, "table", "reader")(config.labels_file, config.image_dir, form)
    _check_paths(config, listing.paths)
    return listing


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


def _check_paths(config: Config, paths: Sequence[str]) -> None:
    """Names what is not there; InputError when it is more than may be skipped."""
    missing = [path for path in paths if not os.path.exists(os.path.join(config.image_dir, path))]
    if not missing:
        return
    found = (
        f"--labels_file={config.labels_file!r} has paths that do not exist in "
        f"--image_dir={config.image_dir!r}: {len(missing)} of {len(paths)}, such as "
        f"{', '.join(map(repr, missing[:SHOWN_NAMES]))}"
    )
    if 100 * len(missing) > config.max_skipped_percentage * len(paths):
        raise InputError(
            f"{found}, and --max_skipped_percentage allows {config.max_skipped_percentage:g} %: mend them, "
            f"or name the folder, or the --path_column, that they are in."
        )
    logging.warning("%s. They are skipped.", found)
