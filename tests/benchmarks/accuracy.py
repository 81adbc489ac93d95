"""Our head against logistic regression on the same rows, over modules and numbers of images.

`python -m tests.benchmarks.accuracy SHARED_DIR [MODULE ...]` draws so many images a class of
data/clothing/train, an eighth as many for validation, SEEDS times, and scores on data/clothing/validation.
Logistic regression is scikit-learn's, with C chosen by cross-validation on the training rows. The interval is
of the paired difference, over the images that are scored. Wanted: no less than -0.3 points on average for
every module, and not below 0 over all.

Measured, mean of the sizes: EfficientNet-Lite1 +0.3, MobileNet v2 +0.4, MobileNet v1 0.25 -0.2
(-2.1 at 10 images).
"""

import pathlib
import sys
import warnings

import numpy as np
from sklearn.linear_model import LogisticRegressionCV

from retrain.data.layout import read_listing
from retrain.examples.labelled import TaskExamples
from retrain.features.cache import FileKey
from retrain.features.feature_pass import PassOptions, feature_pass
from retrain.head_search.recipe import candidates, feature_scale
from retrain.head_search.search import search_head
from retrain.heads.softmax import SoftmaxHead
from retrain.modules.loading import load_module
from retrain.modules.signatures import IMAGE_FEATURE_VECTOR
from retrain.settings.head import HeadSettings
from retrain.settings.module import ModuleSettings

MODULES = [
    "builtin:gradients",
    "mobilenet_v1_025_128/saved_model",
    "mobilenet_v2_100_224/saved_model",
    "builtin:efficientnet_lite1",
]
SIZES, SEEDS = (5, 10, 20, 80), 5
FOLDS, STRENGTHS = 5, np.geomspace(1e-2, 1e2, 9)  # of C, for features of mean square 1
TRAIN, VALIDATION = 0, 1


def main(shared: str, *named: str) -> None:
    warnings.filterwarnings("ignore", module="sklearn")
    photos = pathlib.Path(shared, "data", "clothing")
    differences = []
    print(f"{'module':34} images  ours    logistic  difference (95 % interval)")
    for name in named or MODULES:
        handle = name if name.startswith("builtin:") else str(pathlib.Path(shared, "modules", name))
        trained, scored = (examples(handle, photos / folder) for folder in ("train", "validation"))
        for size in SIZES:
            right = np.asarray([seed_right(trained, scored, size, seed) for seed in range(SEEDS)])
            ours, logistic = right.mean(axis=(0, 2))
            paired = (right[:, 0] - right[:, 1]).mean(axis=0)
            margin = 1.96 * paired.std() / np.sqrt(len(paired))
            differences.append(ours - logistic)
            print(
                f"{name:34} {size:6}  {ours:6.1%}  {logistic:6.1%}    {100 * (ours - logistic):+.1f} "
                f"({100 * (paired.mean() - margin):+.1f} to {100 * (paired.mean() + margin):+.1f})",
                flush=True,
            )
    print(f"mean difference {100 * np.mean(differences):+.2f} points")


def examples(handle: str, folder: pathlib.Path) -> TaskExamples:
    """The features of all images in class folders, remembered."""
    listing = read_listing(str(folder))
    files = [folder.resolve() / path for path in listing.paths]
    keys = [FileKey(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    features = feature_pass(load_module(handle), IMAGE_FEATURE_VECTOR, keys, PassOptions(ModuleSettings()))
    labels = SoftmaxHead(listing.columns["label"].names).encode(listing.columns["label"].cells)
    return TaskExamples(np.asarray(features.features), labels, np.ones(len(labels), np.float32))


def seed_right(trained: TaskExamples, scored: TaskExamples, size: int, seed: int) -> list[np.ndarray]:
    """Which of the scored images are right, by our head and by logistic regression, float [2][N]."""
    train, validation = (trained.rows(rows) for rows in drawn(trained.labels, size, seed))
    head = SoftmaxHead([str(label) for label in np.unique(trained.labels)])
    settings = HeadSettings(seed=seed)
    grid = candidates(settings, feature_scale(train.features), len(train.labels))
    best = search_head(head, grid, train, validation)
    logits = scored.features @ best.kernel + best.bias
    strengths = STRENGTHS / np.mean(train.features**2)
    logistic = LogisticRegressionCV(Cs=strengths, cv=FOLDS, max_iter=200)
    predicted = logistic.fit(train.features, train.labels).predict(scored.features)
    return [(of == scored.labels).astype(float) for of in (logits.argmax(axis=1), predicted)]


def drawn(labels: np.ndarray, size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows of train, `size` of each class, and of validation."""
    random = np.random.default_rng(seed)
    orders = [random.permutation(np.flatnonzero(labels == label)) for label in np.unique(labels)]
    train = [order[:size] for order in orders]
    held_out = [order[size : size + max(1, size // 8)] for order in orders]
    return np.concatenate(train), np.concatenate(held_out)


if __name__ == "__main__":
    main(*sys.argv[1:])
