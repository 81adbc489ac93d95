"""Writing 3000 features: the cache against one text file an image, as in retrain.py. Wanted: 15 times."""

import pathlib
import tempfile

import numpy as np

from retrain.features.cache import FeatureCache, FileKey
from tests.benchmarks.rounds import print_ratios, seconds

COUNT, LENGTH, BATCH = 3000, 1280, 32


def main() -> None:
    features = np.random.default_rng(0).random([COUNT, LENGTH], np.float32)
    keys = [FileKey(f"/photos/class/{row}.jpg", row, row) for row in range(COUNT)]

    def text_files() -> None:
        with tempfile.TemporaryDirectory() as directory:
            for row, values in enumerate(features):
                pathlib.Path(directory, f"{row}.txt").write_text(",".join(str(value) for value in values))

    def cache() -> None:
        with (
            tempfile.TemporaryDirectory() as directory,
            FeatureCache(directory, {}, LENGTH).writer() as writer,
        ):
            for start in range(0, COUNT, BATCH):
                writer.append(keys[start : start + BATCH], features[start : start + BATCH])

    print_ratios(
        seconds({"a text file an image": text_files, "FeatureCache": cache}, rounds=3), "a text file an image"
    )


if __name__ == "__main__":
    main()
