"""The module, the features of images, and the head on them, of the classifier for scikit-learn."""

import dataclasses
import functools
import hashlib
import io
import os
import pathlib
import tarfile
import tempfile
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import scipy.special

from retrain.data.listing import TASK
from retrain.errors import InputError
from retrain.examples.labelled import LabelledExamples, encoded
from retrain.exporters import exporter
from retrain.exporters.assets import module_decoding
from retrain.features.feature_pass import PassOptions, feature_pass
from retrain.features.stored import check_finite
from retrain.head_search.search import BestHead, search_tasks
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from retrain.modules.image_module import ImageModule
from retrain.modules.loading import load_module
from retrain.modules.signatures import IMAGE_FEATURE_VECTOR
from retrain.modules.sources.source import source_of
from retrain.settings.data import Decoding
from retrain.settings.head import HeadSettings
from retrain.settings.module import ModuleSettings
from retrain.sklearn.image_column import are_paths, kept_for_now, keys_of

AT_ONCE = 2  # modules that stay loaded


@functools.lru_cache(AT_ONCE)
def frozen_module(settings: ModuleSettings) -> ImageModule:
    """Loaded once for all folds; nothing changes it."""
    source_of(settings.tfhub_module).check()
    module = load_module(settings.tfhub_module, settings)
    decoding_of(module)  # for its files may go
    return module


@functools.lru_cache(2 * AT_ONCE)
def decoding_of(module: ImageModule) -> Decoding:
    """How files become the images that the module is given."""
    return module_decoding(module.handle)


@functools.lru_cache(AT_ONCE)
def exported_module(archive: bytes) -> ImageModule:
    """The module of a classifier that was pickled."""
    directory = kept_for_now() / f"module-{hashlib.sha256(archive).hexdigest()[:16]}"
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(directory, filter="data")
    return load_module(str(directory))


def packed(export: Callable[[pathlib.Path], None]) -> bytes:
    """What it writes into a directory, as an archive."""
    archive = io.BytesIO()
    with tempfile.TemporaryDirectory(prefix="retrain-") as directory:
        export(pathlib.Path(directory, "module"))
        with tarfile.open(fileobj=archive, mode="w") as tar:
            tar.add(pathlib.Path(directory, "module"), arcname=".")
    return archive.getvalue()


def features_of(module: ImageModule, images: Sequence[object], settings: ModuleSettings) -> np.ndarray:
    """Float32 [N, F]; each image is passed through the module once in a process, and files once for all."""
    if not are_paths(images):
        settings = dataclasses.replace(settings, feature_cache=str(kept_for_now()))
    options = PassOptions(settings, decoding=decoding_of(module))
    done = feature_pass(module, IMAGE_FEATURE_VECTOR, [*keys_of(images)], options)
    for position, reason in done.skipped.items():
        of = repr(os.fspath(images[position])) if are_paths(images) else f"X[{position}]"
        raise InputError(f"{of} gives no image ({reason}): leave it out, and its label.")
    features = np.asarray(done.features)
    check_finite(features, [f"X[{position}]" for position in range(len(images))], module.handle)
    return features


def fit_head(
    features: np.ndarray, codes: np.ndarray, weights: np.ndarray, settings: HeadSettings
) -> BestHead:
    """The best head of classes 0 to C - 1, `codes` [N], on all of these features [N, F]."""
    names = [str(code) for code in range(codes.max() + 1)]
    table = {
        "path": [f"X[{position}]" for position in range(len(codes))],
        "split": "train",
        "weight": weights,
    }
    table["group"] = table["path"]
    task = encoded(SoftmaxHead(names), [names[code] for code in codes])
    examples = LabelledExamples("", pd.DataFrame(table), {TASK: task}, features)
    return search_tasks(settings, examples, {})[TASK]


def softmax(logits: np.ndarray) -> np.ndarray:
    """Float64 [N, C]."""
    return scipy.special.softmax(logits.astype(np.float64), axis=1)


def export(
    module: ImageModule,
    head: tuple[Sequence[str], np.ndarray, np.ndarray],
    directory: str | os.PathLike[str],
    export_format: str,
) -> None:
    """Writes the classifier with a head (class names, kernel [F, C], bias [C])."""
    names, kernel, bias = head
    model = ImageClassifier(module, {TASK: SoftmaxHead(names)}, decoding=decoding_of(module))
    model.kernels[TASK].assign(kernel)
    model.biases[TASK].assign(bias)
    exporter(export_format)(model, directory)
