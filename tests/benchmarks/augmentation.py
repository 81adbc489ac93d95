"""Augmentation: what each level costs by itself, and what it takes from the speed of fine-tuning.

`python -m tests.benchmarks.augmentation MODULE_DIR IMAGE_DIR`. Wanted with MobileNet v1 0.25 on 2 cores: at
`medium` at least 0.90 times the images a second that are trained on without augmentation (found: 0.91 to
0.97). Images are decoded before, as they are in a run after its first seconds.
"""

import os
import sys
import tempfile
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from retrain.data.augmentation.levels import LEVELS
from retrain.data.layout import read_listing
from retrain.data.pipeline import TrainingImages, training_batches
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from retrain.modules.loading import load_module
from retrain.training.driver import Driver
from retrain.training.estimator import Estimator
from tests.benchmarks.rounds import print_ratios, seconds

BATCH_SIZE, STEPS = 32, 20


def main(handle: str, image_dir: str) -> None:
    listing = read_listing(image_dir)
    paths = [os.path.join(image_dir, path) for path in listing.paths]
    module = load_module(handle)
    images = TrainingImages(paths, module.image_size, {"label": np.arange(len(paths)) % 10})
    inputs = {
        level: training_batches(images, BATCH_SIZE, 0, augmentation) for level, augmentation in LEVELS.items()
    }
    head = SoftmaxHead([str(number) for number in range(10)])
    model = ImageClassifier(module, {"label": head}, train_base=True)
    with tempfile.TemporaryDirectory() as model_dir:
        loop = Estimator(model, model_dir).loop

        def training(dataset: tf.data.Dataset) -> Callable[[], object]:
            batches = loop.batches(dataset)
            return lambda: Driver(loop, []).run(batches, loop.global_step + STEPS)

        print_rates({f"{level}: images only": passing(iter(data)) for level, data in inputs.items()})
        print_rates({f"{level}: fine-tuning": training(data) for level, data in inputs.items()})


def passing(batches: object) -> Callable[[], object]:
    return lambda: [next(batches) for _ in range(STEPS)]


def print_rates(variants: dict[str, Callable[[], object]]) -> None:
    taken = seconds(variants, rounds=10)
    print_ratios(taken, next(iter(variants)))
    for name, values in taken.items():
        wall, cpu = (BATCH_SIZE * STEPS / min(column) for column in zip(*values, strict=True))
        print(f"{name:32} {wall:8.0f} images/s, {cpu:8.0f} per CPU second, at best")


if __name__ == "__main__":
    main(*sys.argv[1:3])
