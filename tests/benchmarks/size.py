"""What a run costs as data grow: CPU seconds and peak memory of each stage, and the exponents between sizes.

`python -m tests.benchmarks.size images 1000 4000 16000 64000` makes that many small images of ten classes and
trains on them with builtin:gradients, each size in a process of its own, whose cache is empty. With `classes
100 1000` there are 20 images of each class, with `heads 1000 10000` five, of which a module gives 192
features, and the head is trained 200 steps; `tasks 1 50` gives 1000 images so many columns of labels,
`look_alikes 4000` and `sketches 1000 4000 16000 64000` measure the search of near duplicates alone, and
`listing 100000`, `table 100000`, `shards 100000` and `parquet 100000` the listing of so many files, the check
of so many rows and that of so many images in tar files, or files of Parquet, of 10 000; none of them is read.

Wanted: an exponent of at most 1.05 in seconds; 10 s for 100 000 files, 1 s for 100 000 rows, in Parquet, too,
50 tasks at most five times one, a head of 10 000 classes in 3 GB.
"""

import json
import math
import pathlib
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import simplejpeg

from tests.tiny_parquet import IMAGE, class_label, parquet_file
from tests.tiny_shards import shard

SIDE, CLASSES, OF_A_CLASS, FEW_OF_A_CLASS, OF_TASKS = 40, 10, 20, 5, 1000
OF_A_SHARD = 10_000
FEW_STEPS = 200
Stages = dict[str, list[float]]  # CPU seconds, and the peak in MB at its end


def main(kind: str, *sizes: str) -> None:
    measured = {}
    for size in map(int, sizes):
        with tempfile.TemporaryDirectory() as directory:
            MAKES.get(kind, nothing)(pathlib.Path(directory), size)
            command = [sys.executable, "-m", "tests.benchmarks.size", "--measure", kind, directory, str(size)]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        measured[size] = json.loads(done.stdout.splitlines()[-1])
        print(
            size,
            *(f"{name}: {of[0]:.2f} s, {of[1]:.0f} MB" for name, of in measured[size].items()),
            sep="\n  ",
        )
    for name in measured[size] if len(measured) > 1 else ():
        small, large = min(measured), max(measured)
        seconds = [max(measured[of][name][0], 0.01) for of in (small, large)]
        print(f"{name}: exponent {math.log(seconds[1] / seconds[0]) / math.log(large / small):.2f}")


def nothing(directory: pathlib.Path, size: int) -> None:
    """What is measured makes its own data."""


def images(directory: pathlib.Path, size: int, classes: int = CLASSES) -> None:
    """Noise around a colour, in folders of classes."""
    random = np.random.default_rng(0)
    colours = random.integers(40, 216, [classes, 3])
    for index in range(size):
        folder = directory / "images" / f"class_{index % classes:05}"
        folder.mkdir(parents=True, exist_ok=True)
        noise = random.normal(0, 30, [5, 5, 3]).repeat(SIDE // 5, axis=0).repeat(SIDE // 5, axis=1)
        pixels = np.clip(colours[index % classes] + noise, 0, 255).astype(np.uint8)
        (folder / f"{index}.jpg").write_bytes(simplejpeg.encode_jpeg(pixels))


def classes(directory: pathlib.Path, size: int) -> None:
    images(directory, OF_A_CLASS * size, size)


def heads(directory: pathlib.Path, size: int) -> None:
    images(directory, FEW_OF_A_CLASS * size, size)


def tasks(directory: pathlib.Path, size: int) -> None:
    """A table with a column for each task."""
    images(directory, OF_TASKS)
    paths = sorted(path.relative_to(directory / "images") for path in directory.rglob("*.jpg"))
    labels = np.random.default_rng(1).choice(["a", "b", "c"], [len(paths), size])
    rows = [",".join([str(path), *of]) for path, of in zip(paths, labels, strict=True)]
    header = ",".join(["path", *(f"task_{number}" for number in range(size))])
    (directory / "labels.csv").write_text("\n".join([header, *rows]) + "\n")


def listing(directory: pathlib.Path, size: int) -> None:
    """Files that are no images, in 1000 folders."""
    for index in range(size):
        folder = directory / "images" / f"class_{index % min(1000, size // 2):05}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{index}.jpg").write_bytes(b"")


def table(directory: pathlib.Path, size: int) -> None:
    listing(directory, size)
    paths = sorted(path.relative_to(directory / "images") for path in directory.rglob("*.jpg"))
    rows = [f"{path},{path.parent.name}" for path in paths]
    (directory / "labels.csv").write_text("\n".join(["path,label", *rows]) + "\n")


def shards(directory: pathlib.Path, size: int) -> None:
    for begin in range(0, size, OF_A_SHARD):
        members = {}
        for index in range(begin, min(begin + OF_A_SHARD, size)):
            members |= {f"{index}.jpg": b"\xff\xd8\xff", f"{index}.cls": b"%d" % (index % CLASSES)}
        shard(directory / "images" / f"{begin}.tar", members)


def parquet(directory: pathlib.Path, size: int) -> None:
    """Images of 2000 to 4000 bytes, 100 in a row group, as Hugging Face's datasets write them."""
    features = {"image": IMAGE, "label": class_label(*map(str, range(CLASSES)))}
    for begin in range(0, size, OF_A_SHARD):
        numbers = range(begin, min(begin + OF_A_SHARD, size))
        random = np.random.default_rng(begin)
        content = [b"\xff\xd8\xff" + random.bytes(random.integers(2000, 4000)) for _ in numbers]
        named = zip(numbers, content, strict=True)
        images = [{"bytes": image, "path": f"{number}.jpg"} for number, image in named]
        columns = {"image": images, "label": [number % CLASSES for number in numbers]}
        parquet_file(directory / "images" / f"{begin}.parquet", columns, features, rows=100)


CHECKED_ONLY = (listing, table, shards, parquet)
MAKES = {of.__name__: of for of in (images, classes, heads, tasks, *CHECKED_ONLY)}


def measure(kind: str, directory: str, size: str) -> None:
    stages: Stages = {}
    with timed(stages, "total"):
        if kind in MAKES:
            module = pooled(directory) if kind == "heads" else "builtin:gradients"
            run(stages, pathlib.Path(directory), module, is_checked_only=MAKES[kind] in CHECKED_ONLY)
        else:
            near_duplicates(stages, {"look_alikes": look_alikes, "sketches": sketches}[kind](int(size)))
    print(json.dumps(stages))


@contextmanager
def timed(stages: Stages, name: str) -> Iterator[None]:
    began = time.process_time()
    yield
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    stages[name] = [time.process_time() - began, peak]


def pooled(directory: str) -> str:
    """A module of few features: colours of images of 32 x 32 pixels, averaged over 4 x 4."""
    import tensorflow as tf

    module = tf.Module()
    images = tf.TensorSpec([None, 32, 32, 3], tf.float32)
    module.__call__ = tf.function(
        lambda images: tf.reshape(tf.nn.avg_pool2d(images, 4, 4, "VALID"), [-1, 192]), [images]
    )
    tf.saved_model.save(module, f"{directory}/pooled")
    return f"{directory}/pooled"


def run(stages: Stages, directory: pathlib.Path, module: str, is_checked_only: bool) -> None:
    """Trains, each stage of the run measured."""
    from retrain.api.keywords import config_of
    from retrain.commands.perform import perform
    from retrain.commands.train.check import check
    from retrain.commands.train.prepare import list_examples
    from retrain.runs.run import Run
    from retrain.settings.data import AS_USUAL

    labels = directory / "labels.csv"
    given = {"image_dir": directory / "images", "labels_file": labels if labels.exists() else None}
    config = config_of(
        "train",
        {
            **given,
            "tfhub_module": module,
            "model_dir": directory / "run",
            "feature_cache": directory / "cache",
            "max_steps": None if module == "builtin:gradients" else FEW_STEPS,
        },
    )
    Run.timed = with_memory(Run.timed, stages)
    if is_checked_only:
        plan = check(config, ())
        with timed(stages, "examples"):
            list_examples(plan, AS_USUAL)
    else:
        perform("train", config)


def with_memory(run_timed: Callable[..., Any], stages: Stages) -> Callable[..., Any]:
    """What times the stages of a run, and gives memory back before each, noting what they take, too."""

    @contextmanager
    def noted(self: Any, stage: str) -> Iterator[None]:
        with run_timed(self, stage), timed(stages, stage):
            yield

    return noted


def near_duplicates(stages: Stages, thumbnails: np.ndarray) -> None:
    from retrain.examples.near_duplicates import near_duplicates as search

    with timed(stages, "near duplicates"):
        search(thumbnails)


def sketches(size: int, seed: int = 0) -> np.ndarray:
    """Thumbnails as different as photos, uint8 [size, 32, 32, 3]: smooth, of any brightness and colours."""
    random = np.random.default_rng(seed)
    parts = [_smooth(random, min(1024, size - begin), 1.2) for begin in range(0, size, 1024)]
    every = np.empty([size, 32, 32, 3], np.uint8)
    for begin, part in zip(range(0, size, 1024), parts, strict=True):
        contrast, brightness = (random.uniform(*of, [len(part), 1, 1, 1]) for of in ((20, 75), (60, 200)))
        every[begin : begin + 1024] = np.clip(contrast * part + brightness, 0, 255)
    return every


def look_alikes(size: int) -> np.ndarray:
    """As X-rays are: one layout, and details that are different."""
    random = np.random.default_rng(0)
    layout = 60 * _smooth(random, 1, 3.0)
    return np.clip(layout + 12 * _smooth(random, size, 0.5) + 120, 0, 255).astype(np.uint8)


def _smooth(random: np.random.Generator, count: int, falling: float) -> np.ndarray:
    """Noise [count, 32, 32, 3] of deviation 1, whose amplitudes fall with that power of the frequency."""
    frequency = np.fft.fftfreq(32)
    amplitude = np.maximum(np.hypot(frequency[:, None], frequency), 1 / 32) ** -falling
    amplitude[0, 0] = 0
    noise = np.fft.ifft2(np.fft.fft2(random.standard_normal([count, 3, 32, 32])) * amplitude).real
    noise = (noise / noise.std(axis=(2, 3), keepdims=True)).transpose(0, 2, 3, 1)
    mixed = noise @ random.normal(0, 1, [count, 1, 3, 3])
    return mixed / mixed.std(axis=(1, 2, 3), keepdims=True)


if __name__ == "__main__":
    measure(*sys.argv[2:]) if sys.argv[1] == "--measure" else main(*sys.argv[1:])
