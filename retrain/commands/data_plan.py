"""What images and labels a verb works on: all that the data section says, parsed once, without TensorFlow."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from absl import logging

from retrain.data import READERS
from retrain.data.class_twins import with_twins_settled
from retrain.data.layout import is_labels, read_listing
from retrain.data.listing import TASK, Column, Listing, in_words
from retrain.errors import InputError
from retrain.examples.split_file import Frozen, read_split_file
from retrain.extensions import load, named, unknown_name
from retrain.files import lies_in, missing_files
from retrain.folders import is_folder
from retrain.heads import HEADS, kind_for
from retrain.image_files import is_shard
from retrain.names_elsewhere import meant_by
from retrain.settings.data import DataSettings
from retrain.settings.values import SEPARATOR_WORDS

SHOWN_NAMES = 3
CORRECTIONS = "retrain.data.corrections:read_corrections"  # imported on use, for pandas takes its time


class DataPlan(NamedTuple):
    """What is known of the data before any image is read.

    Attributes:
      settings: what was said.
      listing: the images, and the labels as they are written.
      kinds: task -> kind of its head, the primary task first.
      task_weights: task -> what its loss counts in the sum, where something is said.
      frozen: the splits that a split file says, or the run whose labels are corrected.
      corrections: what labels should be, `retrain.data.corrections.Corrections`, where something is said.
    """

    settings: DataSettings
    listing: Listing
    kinds: Mapping[str, str]
    task_weights: Mapping[str, float]
    frozen: Frozen | None = None
    corrections: Any = None

    @property
    def corrected_labels(self) -> Mapping[str, Mapping[str, str]]:
        """Task -> path -> label."""
        return {} if self.corrections is None else self.corrections.labels

    @property
    def image_dir(self) -> str:
        return self.listing.image_dir

    @property
    def has_one_task(self) -> bool:
        """Whether there is but one that nobody gave a name, as of class folders and shards."""
        says_tasks = self.settings.labels_file is not None or is_labels(self.settings.image_dir)
        return not says_tasks and [*self.listing.columns] == [TASK]

    @property
    def class_names(self) -> tuple[str, ...]:
        """Those of the primary task."""
        return next(iter(self.listing.columns.values())).names


def plan_data(settings: DataSettings) -> DataPlan:
    """Lists the images; InputError for what cannot be meant."""
    kinds = dict(settings.tasks)
    for kind in filter(None, kinds.values()):
        if kind not in HEADS:
            raise InputError(unknown_name(kind, HEADS, "head", meant_by(kind, HEADS)))
    listing = _listing(settings, kinds)
    if listing.ignored:
        logging.info("Left out: %s.", in_words(listing.ignored))
    listing = with_twins_settled(listing, settings.merge_class_names, settings.where_labels_are)
    _check_one_line_each(settings, listing)
    kinds = _kinds(listing, settings.head if settings.labels_file is None else None, kinds)
    for task, _ in settings.task_weights:
        if task not in kinds:
            raise InputError(unknown_name(task, kinds, "task"))
    plan = DataPlan(settings, listing, kinds, dict(settings.task_weights))
    _tell_fractions(settings)
    if settings.split_file is not None:
        plan = plan._replace(frozen=read_split_file(settings.split_file))
    return plan if settings.corrections is None else _with_corrections(plan)


def _tell_fractions(settings: DataSettings) -> None:
    """A fifth is 20 here, and 0.2 in other programs."""
    for name in ("validation_percentage", "testing_percentage"):
        if 0 < (percentage := getattr(settings, name)) < 1:
            meant = f"for a share of {percentage:g}, say {100 * percentage:g}"
            logging.warning("--%s=%g is %g %% of the images: %s.", name, percentage, percentage, meant)


def _with_corrections(plan: DataPlan) -> DataPlan:
    """Every image stays in the split where the earlier run had it, unless something else says it."""
    several = {task: HEADS[kind].takes_several for task, kind in plan.kinds.items()}
    corrections = named(CORRECTIONS)(plan.settings.corrections, plan.listing, several)
    if plan.frozen is None and corrections.splits and not plan.listing.given_split:
        plan = plan._replace(frozen=Frozen(corrections.splits, source="table of corrections"))
    return plan._replace(corrections=corrections)


def check_class_folders(data: DataPlan) -> None:
    """InputError for a label map beside a table of labels, or shards."""
    if not data.listing.class_folders:
        raise InputError(
            "--label_map is for class folders, which have the names of a module's own classes: it does not "
            "go with --labels_file, nor with the labels in shards."
        )


def check_outside(directory: str, image_dir: str) -> None:
    """InputError for a run that would write into the folder of the images."""
    if lies_in(directory, image_dir):
        raise InputError(
            f"The run would write to {directory!r}, inside --image_dir={image_dir!r}, where the next run "
            f"would take it for a class: name a --model_dir elsewhere."
        )


def _listing(settings: DataSettings, kinds: Mapping[str, str]) -> Listing:
    if settings.labels_file is None:
        return read_listing(settings.image_dir)
    if not (is_folder(settings.image_dir) or is_shard(settings.image_dir)):
        raise InputError(
            f"--image_dir={settings.image_dir!r} is no folder, but the paths in "
            f"--labels_file={settings.labels_file!r} are taken from there: name the folder of the images."
        )
    several = {task: not kind or HEADS[kind].takes_several for task, kind in kinds.items()}
    separator = SEPARATOR_WORDS.get(settings.label_separator, settings.label_separator)
    form = (settings.path_column, several, separator)
    listing = load(READERS, "table", "reader")(settings.labels_file, settings.image_dir, form)
    _check_paths(settings, listing.paths)
    return listing


def _kinds(listing: Listing, head: str | None, kinds: Mapping[str, str]) -> dict[str, str]:
    """The kind of each task's head: as --tasks says, `head` where it takes such cells, or as these ask."""
    return {
        task: kinds.get(task) or (head if head and _takes(head, column) else kind_for(column.several))
        for task, column in listing.columns.items()
    }


def _takes(head: str, column: Column) -> bool:
    return HEADS[head].takes_several or not column.several


def _check_one_line_each(settings: DataSettings, listing: Listing) -> None:
    """labels.txt holds one name a line."""
    for task, column in listing.columns.items():
        for name in column.names:
            if name.splitlines() == [name]:
                continue
            is_one = bool({*"\r\n"} & {*name})
            broken = "a line break" if is_one else "a character that many programs take for a line break"
            if listing.class_folders:
                raise InputError(
                    f"The {listing.called(task, name)} has {broken} in it, but labels are written one a "
                    f"line: rename it."
                )
            raise InputError(
                f"{settings.where_labels_are} has the {listing.called(task, name)}, with {broken} in it, "
                f"but labels are written one a line: mend it."
            )


def _check_paths(settings: DataSettings, paths: Sequence[str]) -> None:
    """Names what is not there; InputError when it is more than may be skipped."""
    missing = missing_files(settings.image_dir, paths)
    if not missing:
        return
    found = (
        f"--labels_file={settings.labels_file!r} has paths that do not exist in "
        f"--image_dir={settings.image_dir!r}: {len(missing)} of {len(paths)}, such as "
        f"{', '.join(map(repr, missing[:SHOWN_NAMES]))}"
    )
    if 100 * len(missing) > settings.max_skipped_percentage * len(paths):
        raise InputError(
            f"{found}, and --max_skipped_percentage allows {settings.max_skipped_percentage:g} %: mend them, "
            f"or name the folder, or the --path_column, that they are in."
        )
    logging.warning("%s. They are skipped.", found)
