"""How many labels that were flipped on purpose stand at the head of label_issues.csv.

`python -m tests.benchmarks.label_noise IMAGE_DIR MODULE [SEEDS]`. Wanted of 5 % flipped labels, for MobileNet
v2 and the clothing photos, mean over the seeds: 78 % in the worst 5 %, 85 % in the worst 10 %.
"""

import os
import sys
import time

import numpy as np
from retrain.head_search.cross_validation import out_of_sample_probabilities
from retrain.head_search.head_trials import Schedule, Split

from retrain.cache_directory import user_cache_directory
from retrain.data.listing import read_listing
from retrain.features.cache import FileKey
from retrain.features.feature_pass import frozen_features
from retrain.head_search.recipe import head_grid, head_steps
from retrain.head_search.search import search_head
from retrain.heads.softmax import SoftmaxHead
from retrain.modules.load import load_module

FLIPPED = 0.05
BATCH_SIZE, DROPOUT_RATE, SHORTER = 100, 0.2, 5


def main(image_dir: str, handle: str, seeds: int = 6) -> None:
    listing = read_listing(image_dir)
    paths = [os.path.join(os.path.abspath(listing.image_dir), path) for path in listing.paths]
    files = [FileKey(path, os.stat(path).st_size, os.stat(path).st_mtime_ns) for path in paths]
    features = frozen_features(load_module(handle), files, user_cache_directory()).features
    head = SoftmaxHead(listing.columns["label"].names)
    truth = head.encode(listing.columns["label"].cells)
    found = []
    for seed in range(seeds):
        random = np.random.default_rng(seed)
        flipped = random.choice(len(truth), round(FLIPPED * len(truth)), replace=False)
        labels = truth.copy()
        labels[flipped] = (
            truth[flipped] + random.integers(1, head.num_classes, len(flipped))
        ) % head.num_classes
        began = time.perf_counter()
        support = _support(head, features, labels)
        seconds = time.perf_counter() - began
        hit = np.isin(np.argsort(support, kind="stable"), flipped)
        found.append([hit[: round(share * len(truth))].sum() / len(flipped) for share in (0.05, 0.1)])
        print(
            f"seed {seed}: {found[-1][0]:.0%} in the worst 5 %, {found[-1][1]:.0%} in 10 %; {seconds:.1f} s"
        )
    worst, wider = np.mean(found, axis=0)
    print(f"mean: {worst:.1%} in the worst 5 %, {wider:.1%} in 10 %")


def _support(head: SoftmaxHead, features: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """As in a run: the trial is chosen on every tenth example, with its noise."""
    examples = Split(features, labels, np.ones(len(labels), np.float32))
    held_out = np.arange(len(labels)) % 10 == 0
    schedule = Schedule(head_steps(len(labels), BATCH_SIZE), BATCH_SIZE, DROPOUT_RATE, 0)
    trials = head_grid(features, None, None, 0.0, 0.0)
    trial = search_head(head, trials, schedule, examples.rows(~held_out), examples.rows(held_out)).trial
    schedule = schedule._replace(steps=schedule.steps // SHORTER)
    groups = [str(row) for row in range(len(labels))]
    return head.doubts(labels, out_of_sample_probabilities(head, trial, schedule, examples, groups)).support


if __name__ == "__main__":
    main(*sys.argv[1:3], *map(int, sys.argv[3:]))
