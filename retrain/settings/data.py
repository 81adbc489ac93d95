"""The settings of the data: where images and labels lie, what the labels mean, how they are split."""

import dataclasses

from retrain.settings.field import DATA_VERBS, PERCENT, setting


@dataclasses.dataclass(frozen=True)
class DataSettings:
    """Images, labels and splits."""

    image_dir: str | None = setting(
        None,
        "data",
        "Folder with one folder of images per class: JPEG, PNG, GIF, BMP or WebP, at any depth. Top "
        "folders named train, validation (or val) and test are taken as the split.",
        verbs=DATA_VERBS,
        path=True,
        required=dict.fromkeys(DATA_VERBS, "a folder with one folder of images per class"),
    )
    labels_file: str | None = setting(
        None,
        "data",
        "Table of labels instead of class folders: CSV, TSV, Parquet or JSON lines, a row an image, with a "
        "column of paths in image_dir and one of labels for each task. Columns split, group and weight "
        "mean what they say.",
        verbs=DATA_VERBS,
        path=True,
    )
    path_column: str | None = setting(
        None, "data", "Column of paths in labels_file. Default: the first.", verbs=DATA_VERBS
    )
    tasks: str | None = setting(
        None,
        "data",
        "Columns of labels_file and their heads, such as kind:softmax,tags:sigmoid. Default: every column of "
        "labels, sigmoid where a cell holds several.",
        verbs=DATA_VERBS,
        sweep=True,
    )
    label_separator: str = setting(
        "|", "data", "What stands between several labels in a cell of labels_file.", verbs=DATA_VERBS
    )
    head: str = setting(
        "softmax",
        "data",
        "For class folders: softmax gives an image one class; sigmoid any number of them, those of all the "
        "folders in which it lies.",
        sweep=True,
    )
    split_file: str | None = setting(
        None,
        "data",
        "predictions.csv of an earlier run: every image in it stays in the split where it was.",
        path=True,
    )
    validation_percentage: float = setting(
        10.0,
        "data",
        "Share of the images by which the best head is chosen. A hash of each path decides, so that "
        "adding images moves none.",
        **PERCENT,
    )
    testing_percentage: float = setting(
        10.0, "data", "Share of the images kept for the accuracy that is printed at the end.", **PERCENT
    )
    max_skipped_percentage: float = setting(
        10.0,
        "data",
        "Stop when more than this share of the images cannot be decoded; skipped.csv says why.",
        verbs=DATA_VERBS,
        low=0.0,
        high=100.0,
    )
    dry_run: bool = setting(
        False,
        "data",
        "Look at the images, tell what is found (sizes, duplicates, labels that contradict each other), and "
        "stop before training; data_report.json holds all of it.",
        verbs=("train",),
    )
