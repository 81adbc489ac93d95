"""What an exported module says of itself in the files that travel with it: known without TensorFlow.

TensorFlow leaves `assets.extra` to such files.
"""

import contextlib
import json
import os
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from retrain.errors import InputError
from retrain.modules.sources.source import DEFAULTS, source_of
from retrain.settings.data import AS_USUAL, Decoding
from retrain.settings.module import ModuleSettings

FOLDER = "assets.extra"
DESCRIPTION = "retrain.json"


class DescribedHead(NamedTuple):
    """A head: its kind, its classes, what else it is made with, and the signature that gives its logits.

    The signature is "" where it has the usual name of its task.
    """

    kind: str
    classes: list[str]
    settings: Mapping[str, Any]
    signature: str


class DescribedFamiliarity(NamedTuple):
    """Below the threshold an image is like none that the classifier knows; the signature tells it.

    Its output `familiarity` [B] stands beside the logits of all tasks, side by side [B, C].
    """

    threshold: float
    signature: str


def check_is_classifier(directory: str, handle: str) -> None:
    """Raises InputError for a module that does not say what its classes are; one of no directory has ""."""
    if not directory or not os.path.isfile(os.path.join(directory, FOLDER, DESCRIPTION)):
        raise InputError(
            f"{handle!r} is no classifier exported by retrain: it has no {FOLDER}/{DESCRIPTION}; name a run "
            f"or its export/saved_model; predict and evaluate take other classifiers with --label_map."
        )


def check_tells_familiarity(tells: bool, handle: str) -> None:
    """Raises InputError for a module that does not tell familiarity."""
    if not tells:
        raise InputError(
            f"{handle!r} does not tell how familiar images are, and --reject_unfamiliar goes by that: leave "
            f"it out, or train a classifier again, with more images."
        )


def described_tasks(directory: str) -> dict[str, DescribedHead]:
    """The heads of an export, by task, the primary one first."""
    with _description(directory) as described:
        return {task: _head(about) for task, about in described["tasks"].items()}


def described_decoding(files: str, max_megapixels: float = AS_USUAL.max_megapixels) -> Decoding:
    """How files became the images that an export was trained on; as usual of a module that does not say it.

    `files` is its directory, or a file in that. How large an image may be is not the export's to say.
    """
    directory = files if os.path.isdir(files) else os.path.dirname(files)
    usual = AS_USUAL._replace(max_megapixels=max_megapixels)
    if not os.path.isfile(os.path.join(directory, FOLDER, DESCRIPTION)):
        return usual
    with _description(directory) as described:
        background = described.get("alpha_background", usual.background)
        return Decoding(str(background), max_megapixels, bool(described.get("antialias", usual.antialias)))


def module_decoding(handle: str, settings: ModuleSettings = DEFAULTS) -> Decoding:
    """The same of the module that a handle names, which is fetched first where it is elsewhere."""
    return described_decoding(source_of(handle).fetched(settings).files or "")


def described_image_size(directory: str) -> tuple[int, int]:
    """Height and width of the images that an export takes."""
    with _description(directory) as described:
        height, width = described["image_size"]
        return int(height), int(width)


def described_familiarity(directory: str) -> DescribedFamiliarity | None:
    """What an export says of the familiarity it tells; None of one that tells none."""
    with _description(directory) as described:
        if "familiarity" not in described:
            return None
        told = described["familiarity"]
        return DescribedFamiliarity(float(told["threshold"]), str(told["signature"]))


@contextlib.contextmanager
def _description(directory: str) -> Iterator[Mapping[str, Any]]:
    path = pathlib.Path(directory) / FOLDER / DESCRIPTION
    try:
        yield json.loads(path.read_text("utf-8"))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError(
            f"{str(path)!r} was expected to describe tasks, their heads and classes, but does not "
            f"({type(error).__name__}: {error}): export the classifier again."
        ) from error


def _head(about: Mapping[str, Any]) -> DescribedHead:
    known = ("head", "classes", "signature")
    settings = {name: value for name, value in about.items() if name not in known}
    return DescribedHead(about["head"], about["classes"], settings, about.get("signature", ""))
