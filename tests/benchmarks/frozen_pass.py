"""The frozen pass over photos: our engines against the naive pipeline, and against what this machine can do.

`python -m tests.benchmarks.frozen_pass MODULE_DIR IMAGE_DIR [COUNT]`. Wanted, from start to metrics: at most
1.15 times start-up and images / (fastest rate of decoding, resizing and running the module in TensorFlow).
"""

import os
import sys

import numpy as np
import tensorflow as tf

from retrain.data.layout import read_listing
from retrain.data.pipeline import image_batches
from retrain.features.cache import FileKey
from retrain.features.engines import LITERT, TENSORFLOW, make_engine
from retrain.features.feature_pass import PassOptions, feature_pass
from retrain.modules.loading import load_module
from retrain.modules.signatures import IMAGE_FEATURE_VECTOR
from retrain.settings.module import ModuleSettings
from tests.benchmarks.rounds import print_ratios, seconds


def main(handle: str, image_dir: str, count: int = 256) -> None:
    paths = [os.path.join(image_dir, path) for path in read_listing(image_dir).paths][
        :: max(1, 1000 // count)
    ][:count]
    module = load_module(handle)
    size = module.image_size
    loaded = tf.saved_model.load(handle)
    files = [FileKey(os.path.abspath(path), 0, 0) for path in paths]
    pictures = np.concatenate([images for _, images in image_batches(paths, size, 32).as_numpy_iterator()])

    def naive() -> None:
        def load(path: tf.Tensor) -> tf.Tensor:
            image = tf.io.decode_image(tf.io.read_file(path), channels=3, expand_animations=False)
            return tf.image.resize(image, size) / 255.0

        dataset = tf.data.Dataset.from_tensor_slices(paths).map(load, num_parallel_calls=tf.data.AUTOTUNE)
        for images in dataset.batch(32).prefetch(tf.data.AUTOTUNE):
            loaded(images)

    def forward() -> None:
        for start in range(0, len(pictures), 32):
            loaded(tf.constant(pictures[start : start + 32]))

    def decode() -> None:
        for _ in image_batches(paths, size, 32):
            pass

    engines = {name: make_engine(name, module, IMAGE_FEATURE_VECTOR) for name in (TENSORFLOW, LITERT)}

    def engine(name: str) -> None:
        for start in range(0, len(pictures), 32):
            engines[name](pictures[start : start + 32])

    def passed(name: str) -> None:
        settings = ModuleSettings(feature_cache="none", feature_engine=name)
        feature_pass(module, IMAGE_FEATURE_VECTOR, files, PassOptions(settings))

    taken = seconds(
        {
            "naive: AUTOTUNE pipeline and module(batch)": naive,
            "forward only: module(batch of 32)": forward,
            "forward only: tensorflow engine, one thread": lambda: engine(TENSORFLOW),
            "forward only: litert engine, one thread": lambda: engine(LITERT),
            "decode and resize only": decode,
            "feature_pass, tensorflow": lambda: passed(TENSORFLOW),
            "feature_pass, litert (with conversion)": lambda: passed(LITERT),
        },
        rounds=3,
    )
    print_ratios(taken, "naive: AUTOTUNE pipeline and module(batch)")
    for name, values in taken.items():
        wall, cpu = (len(paths) / min(column) for column in zip(*values, strict=True))
        print(f"{name:48} {wall:8.1f} images/s, {cpu:8.1f} per CPU second, at best")


if __name__ == "__main__":
    main(*sys.argv[1:3], *map(int, sys.argv[3:]))
