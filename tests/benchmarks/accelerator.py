"""What this machine's accelerator does, and what it waits for: all figures at once, in under 8 minutes.

`python -m tests.benchmarks.accelerator [MODULE ...]` with MobileNet v2 as a SavedModel; `builtin:` and a
transformer as large as DINOv2's small one, at random weights, come after them. Photographs are made here. It
prints for each module the feature pass beside what the CPU cores decode and what the device computes, each
alone; the steps of fine-tuning the transformer beside Keras' `fit`, in float32 and mixed bfloat16, which both
have, and compiled by XLA, which Keras alone has; a sweep's candidates of a head; and memory.

It has been run on CPUs only: no accelerator was lent when it was written.
"""

import collections
import functools
import itertools
import os
import pathlib
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from PIL import Image

from retrain.data.layout import read_listing
from retrain.data.pipeline import batches_with_facts
from retrain.features.cache import FileKey
from retrain.features.engines import BATCH_SIZE, TENSORFLOW, Engine, make_engine, run_engine
from retrain.features.feature_pass import PassOptions, feature_pass
from retrain.features.image_facts_store import ImageFactsStore
from retrain.head_search.train_candidates import train_candidates
from retrain.heads.softmax import SoftmaxHead
from retrain.modules.loading import load_module
from retrain.modules.signatures import IMAGE_FEATURE_VECTOR
from retrain.settings.module import ModuleSettings
from retrain.training.step_reports import StepReport
from tests.benchmarks.head_sweep import CLASSES, COUNT, make_splits, random_candidate
from tests.benchmarks.rounds import Taken, print_ratios, seconds
from tests.benchmarks.size import sketches
from tests.benchmarks.transformer import SIDE, SIZES, Training, keras_steps, our_steps, saved_preset

EMBEDDED = "builtin:"
PASS, DECODING, DEVICE = "the pass, once begun", "decoding alone", "forward passes of one batch alone"


class Sizes(NamedTuple):
    """How much of everything.

    Attributes:
      times: how often a pass takes each photograph.
      keras: the forms in which Keras trains the transformer: its policy, and whether XLA compiles it.
    """

    photographs: int = 1024
    height: int = 400
    width: int = 533
    times: int = 4
    side: int = SIDE
    transformer: Mapping[str, int] = SIZES
    batch_size: int = 64
    steps: int = 20
    keras: Sequence[tuple[str, bool]] = tuple(itertools.product(("float32", "mixed_bfloat16"), (False, True)))
    candidates: int = 64
    examples: int = COUNT
    rounds: int = 2


def main(modules: Sequence[str], sizes: Sizes) -> None:
    print("devices:", ", ".join(device.name for device in tf.config.list_logical_devices()))
    print(f"{os.cpu_count()} CPU cores, photographs of {sizes.height} x {sizes.width} pixels")
    with tempfile.TemporaryDirectory() as directory:
        photographs = str(write_photographs(pathlib.Path(directory, "photographs"), sizes))
        preset = saved_preset(os.path.join(directory, "preset"), sizes.transformer, sizes.side)
        for handle in (*modules, preset):
            told(f"features of {handle}", lambda handle=handle: features(handle, photographs, sizes))
        training = Training(preset, sizes.side, photographs, sizes.batch_size, sizes.steps)
        told("fine-tuning the transformer", lambda: fine_tuning(training, directory, sizes))
    told("a sweep of heads", lambda: sweep(sizes))


def write_photographs(directory: pathlib.Path, sizes: Sizes) -> pathlib.Path:
    """JPEGs in two class folders: as smooth as photographs are, with the noise of a sensor."""
    random = np.random.default_rng(0)
    for number, sketch in enumerate(sketches(sizes.photographs)):
        smooth = Image.fromarray(sketch).resize((sizes.width, sizes.height), Image.Resampling.BICUBIC)
        noisy = np.asarray(smooth) + random.normal(0, 6, [sizes.height, sizes.width, 1])
        path = directory / f"class_{number % 2}" / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(path, quality=90)
    return directory


def told(what: str, stage: Callable[[], None]) -> None:
    """Runs the stage under its title, and tells the memory that it took; the host's is that of all so far."""
    print(f"{what}:", flush=True)
    devices = [device.name for device in tf.config.list_logical_devices("GPU")]
    for device in devices:
        tf.config.experimental.reset_memory_stats(device)
    stage()
    peaks = {"host": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 2**10}
    peaks |= {device: tf.config.experimental.get_memory_info(device)["peak"] for device in devices}
    print("memory:", ", ".join(f"{name} {peak / 2**30:.2f} GB" for name, peak in peaks.items()), flush=True)


def features(handle: str, photographs: str, sizes: Sizes) -> None:
    """The pass over photographs, whole and once begun, beside its two halves."""
    module = load_module(handle)
    paths = sizes.times * [os.path.join(photographs, path) for path in read_listing(photographs).paths]
    files = [FileKey(path, 0, 0) for path in paths]
    engine = Watched(make_engine(TENSORFLOW, module, IMAGE_FEATURE_VECTOR))
    batch = np.arange(BATCH_SIZE), tf.random.uniform([BATCH_SIZE, *module.image_size, 3])
    batches = len(paths) // BATCH_SIZE or 1

    def decoded() -> Iterable[tuple[np.ndarray, np.ndarray]]:
        read = batches_with_facts(paths, module.image_size, BATCH_SIZE).as_numpy_iterator()
        return ((rows, images) for rows, (images, _) in read)

    def whole() -> None:
        settings = ModuleSettings(feature_cache="none", feature_engine=TENSORFLOW)
        options = PassOptions(settings, ImageFactsStore(files, None))
        feature_pass(module, IMAGE_FEATURE_VECTOR, files, options)

    variants = {
        "the pass, its start included": (len(paths), whole),
        PASS: (len(paths), lambda: engine.watched(decoded())),
        DECODING: (len(paths), lambda: exhaust(decoded())),
        DEVICE: (
            batches * BATCH_SIZE,
            lambda: exhaust(run_engine(engine.engine, itertools.repeat(batch, batches))),
        ),
    }
    taken = seconds({name: run for name, (_, run) in variants.items()}, sizes.rounds)
    print_rates({name: (count, taken[name]) for name, (count, _) in variants.items()}, "images/s")
    print(f"{1 - engine.share:7.1%} of the time of {PASS}, the device waits for input")


class Watched:
    """An engine, and the share of the time of its last pass in which at least one call of it was running."""

    def __init__(self, engine: Engine):
        self.engine, self.lock, self.share = engine, threading.Lock(), 0.0
        self._running, self._since, self._busy = 0, 0.0, 0.0

    def watched(self, batches: Iterable[tuple[np.ndarray, np.ndarray]]) -> None:
        """A pass over the batches."""
        began, self._busy = time.perf_counter(), 0.0
        exhaust(run_engine(self, batches))
        self.share = self._busy / (time.perf_counter() - began)

    def __call__(self, images: np.ndarray) -> np.ndarray:
        self._note(1)
        try:
            return self.engine(images)
        finally:
            self._note(-1)

    def _note(self, change: int) -> None:
        with self.lock:
            now = time.perf_counter()
            self._busy += now - self._since if self._running else 0.0
            self._running, self._since = self._running + change, now


def exhaust(items: Iterable[object]) -> None:
    collections.deque(items, maxlen=0)


def fine_tuning(training: Training, directory: str, sizes: Sizes) -> None:
    """Both programs' steps, and how long ours wait for input."""
    variants = {
        f"Keras fit, {dtype}" + (", XLA" if xla else ""): keras_steps(training, dtype, xla)
        for dtype, xla in sizes.keras
    }
    reports: dict[str, StepReport] = {}
    for is_mixed, name in enumerate(("retrain, float32", "retrain, mixed_bfloat16")):
        note = functools.partial(reports.__setitem__, name)
        variants[name] = our_steps(training, directory, bool(is_mixed), note)
    taken = seconds(variants, sizes.rounds)
    print_ratios(taken, next(iter(variants)))
    print_rates({name: (training.steps, of) for name, of in taken.items()}, "steps/s")
    for name, report in reports.items():
        waited = report.input_wait / report.seconds
        print(f"{waited:7.1%} of the time of the last steps of {name}, the device waits for input")
    print("XLA is Keras' alone: retrain has no setting for it in fine-tuning")


def sweep(sizes: Sizes) -> None:
    """Candidates of a head at once, on features as long as those of MobileNet v2."""
    train, validation = make_splits(sizes.examples, max(1, sizes.examples // 9), CLASSES)
    head = SoftmaxHead([str(index) for index in range(CLASSES)])
    chosen = [random_candidate(number, 0.0) for number in range(sizes.candidates)]
    name = f"{sizes.candidates} candidates at once"
    taken = seconds({name: lambda: train_candidates(head, chosen, train, validation)}, sizes.rounds)
    print_rates({name: (sizes.candidates, taken[name])}, "candidates/s")


def print_rates(counted: Mapping[str, tuple[int, list[Taken]]], unit: str) -> None:
    """A line each: the best of the rounds."""
    for name, (count, taken) in counted.items():
        wall = min(of.wall for of in taken)
        print(f"{name:48} {count / wall:10.2f} {unit}, {wall:8.2f} s")


if __name__ == "__main__":
    main([*sys.argv[1:], EMBEDDED], Sizes())
