"""The settings of the data: where images and labels lie, what the labels mean, how they are split."""

import dataclasses
from typing import Any, NamedTuple

from retrain.settings.field import DATA_VERBS, PERCENT, setting
from retrain.settings.needs import CLASS_FOLDERS, HASHED_SPLITS, TABLE
from retrain.settings.values import OfTask, colour, separator, task_kinds, task_weights

WHITE = "white"
AUTO, ON, OFF = "auto", "on", "off"  # of antialias

READERS = (*DATA_VERBS, "predict")


class Decoding(NamedTuple):
    """How files become images.

    Attributes:
      background: the colour behind pixels that are not opaque, as Pillow names colours.
      max_megapixels: million pixels of an image at most; what claims more is not decoded.
      antialias: whether a pixel of an image that is made smaller is the mean of those it stands for, weighted
        by a triangle, as Pillow and PyTorch have it, or made of the four nearest, as TensorFlow has it.
    """

    background: str = WHITE
    max_megapixels: float = 100.0
    antialias: bool = False

    @property
    def key(self) -> dict[str, Any]:
        """What features of these images are kept under; as earlier versions kept them, but for antialias."""
        said = self._asdict()
        return said if self.antialias else {name: said[name] for name in said if name != "antialias"}


AS_USUAL = Decoding()


@dataclasses.dataclass(frozen=True)
class DataSettings:
    """Images, labels and splits."""

    title = "Data"

    image_dir: str | None = setting(
        None,
        "Folder with one folder of images per class, at any depth: JPEG, PNG, TIFF, WebP and the like. "
        "Folders named train, valid (or val) and test, above the class folders or in each, are taken as the "
        "split. Or tar files in WebDataset's form, or files of TFRecord, or of Parquet with images in them. "
        "Folders of images may lie at gs://, too.",
        verbs=READERS,
        path=True,
        gfile=READERS,
        required=dict.fromkeys(
            DATA_VERBS, "a folder of class folders, or that of the images in --labels_file"
        ),
    )
    labels_file: str | None = setting(
        None,
        "Table of labels instead of class folders: CSV, TSV, Parquet or JSON lines, a row an image, with a "
        "column of paths in image_dir and one of labels for each task. Columns split, group and weight "
        "mean what they say.",
        verbs=READERS,
        path=True,
    )
    path_column: str | None = setting(
        None, "Column of paths in labels_file. Default: the first.", verbs=READERS, needs=TABLE
    )
    tasks: tuple[OfTask, ...] = setting(
        (),
        "Columns of labels_file and their heads, such as kind:softmax,tags:sigmoid, or kind,tags. Default: "
        "every column of labels, sigmoid where a cell holds several.",
        verbs=DATA_VERBS,
        parse=task_kinds,
        sweep=True,
        needs=TABLE,
    )
    task_weights: tuple[OfTask, ...] = setting(
        (),
        "What the loss of each task counts in their sum, such as kind:1,tags:0.5. Default: 1 each. The heads "
        "of a frozen module share nothing and stay the same: only loss in metrics.json changes.",
        parse=task_weights,
    )
    label_separator: str = setting(
        "|",
        "What stands between several labels in a cell of labels_file; space or tab for blanks.",
        verbs=DATA_VERBS,
        parse=separator,
        needs=TABLE,
    )
    head: str = setting(
        "softmax",
        "For class folders: softmax gives an image one class; sigmoid any number of them, those of all the "
        "folders in which it lies.",
        table=("retrain.heads:HEADS", "head"),
        sweep=True,
        needs=CLASS_FOLDERS,
    )
    merge_class_names: bool | None = setting(
        None,
        "Class names that differ only in capital letters, blanks, Unicode's form of a character or that "
        "of a number are one class, or, with --nomerge_class_names, several. Default: they are refused.",
        verbs=DATA_VERBS,
    )
    split_file: str | None = setting(
        None,
        "predictions.csv of an earlier run: every image in it stays in the split where it was, also where "
        "its file has moved.",
        path=True,
    )
    corrections: str | None = setting(
        None,
        "label_issues.csv of an earlier run, or a copy of it, with the right labels in its column "
        "corrected: the images stay where they are, and in their split.",
        path=True,
    )
    validation_percentage: float = setting(
        10.0,
        "Share of the images by which the best head is chosen. A hash of their content "
        "decides, so that adding or moving images moves none between splits.",
        needs=HASHED_SPLITS,
        **PERCENT,
    )
    testing_percentage: float = setting(
        10.0,
        "Share of the images kept for the accuracy that is printed at the end.",
        needs=HASHED_SPLITS,
        **PERCENT,
    )
    max_skipped_percentage: float = setting(
        10.0,
        "Stop when more than this share of the images cannot be decoded; skipped.csv says why.",
        verbs=DATA_VERBS,
        low=0.0,
        high=100.0,
    )
    alpha_background: str = setting(
        WHITE,
        "Colour behind pixels that are not opaque (PNG, WebP, GIF, TIFF): a name such as black, or #rrggbb. "
        "The export says it to predict and evaluate.",
        parse=colour,
    )
    antialias: str = setting(
        AUTO,
        "Whether images are made small by averages of the pixels, as Pillow and PyTorch do (on), or by the "
        "four nearest (off), as the publishers of most modules did. Default, auto: on where the module is "
        "fine-tuned, or has been so. The export says it to predict, evaluate and serve.",
        choices=(AUTO, ON, OFF),
        sweep=True,
    )
    max_image_megapixels: float = setting(
        AS_USUAL.max_megapixels,
        "Files that claim an image of more million pixels are not decoded: skipped, or by serve refused.",
        verbs=(*READERS, "serve"),
        above=0.0,
        high=1000.0,
    )
    dry_run: bool = setting(
        False,
        "Look at the images, tell what is found (sizes, duplicates, labels that contradict each other), and "
        "stop before training; data_report.json holds all of it.",
        verbs=("train",),
    )

    @property
    def where_labels_are(self) -> str:
        """The flag that says it, as it was given."""
        if self.labels_file is None:
            return f"--image_dir={self.image_dir!r}"
        return f"--labels_file={self.labels_file!r}"

    @property
    def decoding(self) -> Decoding:
        """What of them says how files become images, where `auto` is none of it."""
        return Decoding(self.alpha_background, self.max_image_megapixels, self.antialias == ON)
