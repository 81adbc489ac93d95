"""Writers of a retrained classifier; a format is one row of EXPORTERS."""

import importlib.util
from collections.abc import Callable, Container, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from retrain.data.listing import SPLITS
from retrain.errors import InputError
from retrain.extensions import load, named

if TYPE_CHECKING:
    from retrain.exporters.model_card import OfRun

# Images, a float32 array [B, H, W, 3] in [0, 1] -> what is served of them, arrays [B, ...] by key.
Answers = Callable[[Any], Mapping[str, Any]]


class ExporterRow(NamedTuple):
    """One format.

    Attributes:
      write: "package.module:function", (classifier, directory, options), of a directory that is not there yet
        -> what is to be told of it, if anything.
      read: "package.module:function", (directory) -> Answers, what runs the export.
      is_module: whether it is again an image module with both common signatures, which can be retrained.
      is_exact: whether it computes as the classifier does, but for rounding.
      is_calibrated: whether it is made with images of training.
      of_first_task: whether it has the probabilities of the first task alone.
      of_source: whether it is better made of the module as its source has it than of an export.
      extra, packages: of this project, and what is imported of it, where the format needs more than is there.
    """

    write: str
    read: str
    is_module: bool = False
    is_exact: bool = True
    is_calibrated: bool = False
    of_first_task: bool = False
    of_source: bool = False
    extra: str = ""
    packages: tuple[str, ...] = ()


class ExportOptions(NamedTuple):
    """What an export is made with, beside the classifier.

    Attributes:
      takes_bytes: whether the signature serving_default takes the files of images, and not their pixels.
      final_tensor_name: what the output of a frozen graph is called.
      calibration: files of images of training, by which ranges of values are found.
      of_run: what its run knows of the classifier, for the model card.
    """

    takes_bytes: bool = False
    calibration: tuple[str, ...] = ()
    final_tensor_name: str = "final_result"
    of_run: "OfRun | None" = None


AS_USUAL = ExportOptions()
TRAIN = SPLITS[0]


class LabelledFiles(NamedTuple):
    """Files of images of a split, and of tasks the label of each as it is written, None where unknown."""

    split: str = TRAIN
    paths: Sequence[str] = ()
    cells: Mapping[str, Sequence[str | None]] = MappingProxyType({})


def compared_split(splits: Container[str]) -> str:
    """The split on whose images exports are compared, of those with images: test, where it has some."""
    return next((split for split in reversed(SPLITS) if split in splits), TRAIN)


EXPORTERS = {
    "saved_model": ExporterRow(
        "retrain.exporters.reusable_saved_model:write", "retrain.exporters.reload:read", is_module=True
    ),
    "hub_module": ExporterRow(
        "retrain.exporters.hub_module:write", "retrain.exporters.reload:read", is_module=True
    ),
    "tflite": ExporterRow("retrain.exporters.tflite:write", "retrain.exporters.litert:read"),
    "tflite_float16": ExporterRow(
        "retrain.exporters.tflite:write_float16", "retrain.exporters.litert:read", is_exact=False
    ),
    "tflite_int8_weights": ExporterRow(
        "retrain.exporters.tflite:write_int8_weights", "retrain.exporters.litert:read", is_exact=False
    ),
    "tflite_int8": ExporterRow(
        "retrain.exporters.tflite:write_int8",
        "retrain.exporters.litert:read",
        is_exact=False,
        is_calibrated=True,
    ),
    "onnx": ExporterRow(
        "retrain.exporters.onnx:write",
        "retrain.exporters.onnx:read",
        extra="onnx",
        packages=("tf2onnx", "onnxruntime"),
    ),
    "openvino": ExporterRow(
        "retrain.exporters.openvino:write",
        "retrain.exporters.openvino:read",
        extra="openvino",
        packages=("openvino",),
    ),
    "frozen_graph": ExporterRow(
        "retrain.exporters.frozen_graph:write", "retrain.exporters.frozen_graph:read", of_first_task=True
    ),
    "keras": ExporterRow(
        "retrain.exporters.keras_file:write", "retrain.exporters.keras_file:read", of_source=True
    ),
}
# Those that can be retrained, the one that is asked for first ahead.
MODULES = tuple(name for name, row in EXPORTERS.items() if row.is_module)


def exporter(name: str) -> Any:
    """What writes the format; InputError for one that is none."""
    return load({name: row.write for name, row in EXPORTERS.items()}, name, "export format")


def answers_of(name: str, directory: str) -> Answers:
    """What the export of this format in the directory makes of images."""
    return named(EXPORTERS[name].read)(directory)


def check_installed(formats: tuple[str, ...]) -> None:
    """InputError for a format that needs packages which are not installed."""
    for name in formats:
        row = EXPORTERS[name]
        if any(importlib.util.find_spec(package) is None for package in row.packages):
            raise InputError(
                f"The export format {name} needs a package that is missing: pip install "
                f"'retrain[{row.extra}]', or leave it out of --export_formats."
            )
