"""How well familiarity tells strangers from the clothing photos: area under the curve, and who is rejected.

`python -m tests.benchmarks.strangers SHARED_DIR [MODULE ...]` trains heads on data/clothing/train. Known are
the photos of data/clothing/validation; strangers are drawings, small photos, other photos, noise, textures
and text (far), and the photos of each class when heads and familiarity do without it (near, mean over the
classes). Wanted with builtin:efficientnet_lite1: 0.99 of every far kind, near 0.75.
"""

import pathlib
import sys
import tempfile
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from retrain.commands.predict.inputs import find_images
from retrain.commands.predict.run import _file_key as file_key
from retrain.commands.train.classifier import best_heads, classifier, outcome_of
from retrain.commands.train.prepare import Prepared
from retrain.examples.labelled import LabelledExamples, encoded
from retrain.exporters.familiar_images import with_familiarity
from retrain.familiarity import FAMILIARITY, THRESHOLD
from retrain.features.feature_pass import feature_pass
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from retrain.modules.image_module import ImageModule
from retrain.modules.loading import load_module
from retrain.modules.signatures import IMAGE_FEATURE_VECTOR
from retrain.settings.config import Config
from tests.benchmarks.stranger_images import write_strangers

MODULES = [
    "builtin:efficientnet_lite1",
    "mobilenet_v2_100_224/saved_model",
    "mobilenet_v1_025_128/saved_model",
    "builtin:gradients",
]
DRAWINGS = pathlib.Path(__file__).parents[2] / "data_samples"


class Photos(NamedTuple):
    """Features [N, F], and the folder that each is in."""

    features: np.ndarray
    folders: np.ndarray


def main(shared: str, *handles: str) -> None:
    data = pathlib.Path(shared, "data")
    with tempfile.TemporaryDirectory() as work:
        write_strangers(pathlib.Path(work), data / "pictures")
        far = {path.name: path for path in (*sorted(pathlib.Path(work).iterdir()), *DRAWINGS.glob("*/"))}
        for handle in handles or MODULES:
            path = pathlib.Path(shared, "modules", handle)
            module = load_module(str(path) if path.exists() else handle)
            train, known = (photos(module, data / "clothing" / name) for name in ("train", "validation"))
            report(handle, module, train, known, {kind: photos(module, of) for kind, of in far.items()})


def photos(module: ImageModule, folder: pathlib.Path) -> Photos:
    paths = find_images([str(folder)])
    features = feature_pass(module, IMAGE_FEATURE_VECTOR, [*map(file_key, paths)]).features
    return Photos(np.asarray(features), np.array([pathlib.Path(path).parent.name for path in paths]))


def report(handle: str, module: ImageModule, train: Photos, known: Photos, far: Mapping[str, Photos]) -> None:
    model, near = trained(module, train), []
    familiar = told(model, known)
    for name in np.unique(train.folders):
        without = trained(module, Photos(*(column[train.folders != name] for column in train)))
        of_known, left_out = told(without, known), known.folders == name
        near.append(compared(of_known[~left_out], of_known[left_out]))
    print(f"{handle}: of {len(familiar)} known photos {np.mean(familiar < THRESHOLD):.1%} are rejected")
    for kind, of in {kind: compared(familiar, told(model, of)) for kind, of in far.items()}.items():
        print(f"  {kind:14} {of[0]:.3f}, {of[1]:.0%} rejected")
    area, rejected = np.mean(near, axis=0)
    print(f"  {'a class left out':14} {area:.3f}, {rejected:.0%} rejected", flush=True)


def compared(known: np.ndarray, strangers: np.ndarray) -> tuple[float, float]:
    """The area under the curve, and the share of strangers that is rejected."""
    truth = np.repeat([1, 0], [len(known), len(strangers)])
    return roc_auc_score(truth, np.concatenate([known, strangers])), float(np.mean(strangers < THRESHOLD))


def trained(module: ImageModule, of: Photos) -> ImageClassifier:
    """As `train` would; of ten photos one is for validation, one for test."""
    splits = np.resize(["validation", "test", *["train"] * 8], len(of.folders))
    rows = [str(row) for row in range(len(splits))]
    table = pd.DataFrame({"path": rows, "group": rows, "split": splits, "weight": 1.0})
    tasks = {"label": encoded(SoftmaxHead(np.unique(of.folders).tolist()), of.folders.tolist())}
    examples = LabelledExamples(".", table, tasks, of.features)
    prepared = Prepared(module, examples, left_out=pd.DataFrame(), facts=None, starts={})
    config = Config()
    model = classifier(config, prepared, best_heads(config.head, prepared))
    return with_familiarity(outcome_of(model, examples, calibrate=True)[0], examples, config.head.seed)


def told(model: ImageClassifier, of: Photos) -> np.ndarray:
    return model.served(of.features, model.logits(of.features))[FAMILIARITY].numpy()


if __name__ == "__main__":
    main(*sys.argv[1:])
