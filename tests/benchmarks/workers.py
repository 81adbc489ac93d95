"""Several workers on loopback against one process: what they give, and what happens when one is lost.

python -m tests.benchmarks.workers [--module=HANDLE] [--images=N] [CASE ...]: the cases are those of CASES,
all by default. Each starts processes of `python -m retrain`, as a user would, and prints a line or two; the
script ends with 1 where a result is not what it has to be.
"""

import argparse
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import tensorflow as tf
from PIL import Image

from retrain.training.events import read_events
from tests import tiny_worlds

ROOT = pathlib.Path(__file__).parents[2]
COUNTS = (2, 4)
FINE_TUNE = [
    *("--fine_tune", "--max_steps=60", "--eval_every=10", "--batch_size=10", "--learning_rate=0.01"),
    "--l2_regularizer=0.001",
]
LONG = [
    *FINE_TUNE[:1],
    "--max_steps=3000",
    "--eval_every=500",
    *FINE_TUNE[3:],
    "--save_checkpoints_steps=250",
]
MIRRORED = """
import sys
import tensorflow as tf
from retrain.__main__ import main
[cpu] = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
sys.exit(main(["retrain", *sys.argv[1:]]))
"""


class World:
    """Photos and a module in a directory, runs in it, and whether all has been as it has to be."""

    def __init__(self, directory: pathlib.Path, module: str | None, images: int):
        self.directory, self.failed = directory, False
        tint = np.array([*tiny_worlds.COLOURS.values()]) * 0.2
        for number in range(images):
            name = [*tiny_worlds.COLOURS][number % 3]
            noise = np.random.default_rng(number).integers(256, size=[24, 24, 3]) * 0.8 + tint[number % 3]
            path = directory / "photos" / name / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(noise.astype(np.uint8)).save(path)
        self.module = module or tiny_worlds.averaging_module(directory / "averaging")

    def start(
        self, run: str, flags: Sequence[str], task: Mapping[str, Any] | None = None
    ) -> subprocess.Popen:
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
        if task is not None:
            environment["TF_CONFIG"] = json.dumps(task)
        words = [f"--image_dir={self.directory}/photos", f"--tfhub_module={self.module}"]
        words += ["--export_formats=saved_model", f"--model_dir={self.directory / run}", *flags]
        log = open(self.directory / f"{run}.log", "a")  # noqa: SIM115
        program = ["-c", MIRRORED] if "--distribution=mirrored" in flags else ["-m", "retrain"]
        command = [sys.executable, *program, *words]
        return subprocess.Popen(command, env=environment, cwd=ROOT, stdout=log, stderr=log)

    def check(self, what: str, holds: bool) -> None:
        print(f"  {'ok ' if holds else 'NOT'} {what}", flush=True)
        self.failed |= not holds

    def log(self, run: str) -> str:
        return (self.directory / f"{run}.log").read_text()

    def steps(self, run: str) -> int:
        path = self.directory / run
        names = os.listdir(path) if path.is_dir() else []
        return max(
            (int(found[1]) for name in names if (found := re.fullmatch(r"ckpt-(\d+)", name))), default=-1
        )


def tasks(count: int) -> list[dict[str, Any]]:
    """The TF_CONFIG of each worker, the chief's first."""
    taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    chief, *workers = [f"127.0.0.1:{server.getsockname()[1]}" for server in taken]
    for server in taken:
        server.close()
    kinds = [("chief", 0), *(("worker", index) for index in range(count - 1))]
    cluster = {"chief": [chief], "worker": workers}
    return [{"cluster": cluster, "task": {"type": kind, "index": index}} for kind, index in kinds]


def finished(processes: Sequence[subprocess.Popen], seconds: float = 600) -> list[int]:
    return [process.wait(seconds) for process in processes]


def compared(world: World, one: str, other: str) -> None:
    """Two runs: splits, predictions, metrics, weights and the curve of validation."""
    runs = [world.directory / one, world.directory / other]
    splits = [pd.read_csv(run / "examples.csv") for run in runs]
    world.check(f"{other}: the same split", splits[0].equals(splits[1]))
    metrics = [json.loads((run / "metrics.json").read_text()) for run in runs]
    world.check(f"{other}: the same keys in metrics.json", _keys(metrics[0]) == _keys(metrics[1]))
    readers = [tf.train.load_checkpoint(f"{run}/ckpt-{world.steps(run.name)}/variables") for run in runs]
    names = [name for name in readers[0].get_variable_to_shape_map() if name.startswith("model/kernels")]
    weights = max(np.abs(readers[0].get_tensor(name) - readers[1].get_tensor(name)).max() for name in names)
    world.check(f"{other}: weights of the head differ by {weights:.1e}, at most 1e-5", weights <= 1e-5)
    curves = [read_events(run)["validation"]["loss"].values for run in runs]
    curve = np.abs(curves[0] - curves[1]).max()
    world.check(f"{other}: the curve of validation differs by {curve:.1e}, at most 1e-3", curve <= 1e-3)


def _keys(value: Any) -> Any:
    return {key: _keys(of) for key, of in value.items()} if isinstance(value, dict) else None


def results(world: World, kind: str, flags: Sequence[str]) -> None:
    """One process, then workers that share a cache, and workers that share none."""
    began = time.monotonic()
    world.check(f"{kind}: one process", finished([world.start(kind, flags)]) == [0])
    print(f"  {time.monotonic() - began:.0f} s")
    for count in COUNTS:
        for cache in ("shared", "none"):
            name, began = f"{kind}-{count}-{cache}", time.monotonic()
            given = [
                *flags,
                f"--feature_cache={world.directory / name}-cache"
                if cache == "shared"
                else "--feature_cache=none",
            ]
            ended = finished([world.start(name, given, task) for task in tasks(count)])
            world.check(f"{name}: all end well ({time.monotonic() - began:.0f} s)", ended == [0] * count)
            compared(world, kind, name)


def frozen(world: World) -> None:
    results(world, "frozen", ["--max_steps=200", "--l2_regularizer=0.001"])


def fine_tuned(world: World) -> None:
    results(world, "tuned", FINE_TUNE)


def mirrored(world: World) -> None:
    """Two logical devices of one CPU."""
    flags = [*FINE_TUNE, "--feature_cache=none"]
    ended = finished(
        [world.start("alone", flags), world.start("mirrored", [*flags, "--distribution=mirrored"])]
    )
    world.check("mirrored: ends well", ended == [0, 0])
    compared(world, "alone", "mirrored")


def killed(world: World) -> None:
    """A worker, then the chief, in mid-training, and started again."""
    for victim, name in enumerate(("chief", "worker")):
        run, given = f"killed-{name}", tasks(2)
        processes = [world.start(run, LONG, task) for task in given]
        while world.steps(run) < 500:
            time.sleep(0.1)
        at = world.steps(run)
        processes[victim].kill()
        processes[victim].wait()
        time.sleep(2.0)
        processes[victim] = world.start(run, LONG, given[victim])
        world.check(f"{run} at step {at}: both end well", finished(processes) == [0, 0])
        world.check(f"{run}: {world.steps(run)} steps", world.steps(run) == 3000)
        world.check(f"{run}: the other began anew", "was lost; this worker begins anew" in world.log(run))


def missing(world: World) -> None:
    """A worker that never comes, and one that does not come back."""
    chief, worker = tasks(2)
    flags = [*LONG, "--worker_timeout=5"]
    for run, task in (("no-worker", chief), ("no-chief", worker)):
        world.check(f"{run}: exit status 138", finished([world.start(run, flags, task)]) == [138])
        print(f"  {world.log(run).splitlines()[-1]}")
    processes = [world.start("gone", flags, task) for task in (chief, worker)]
    while world.steps("gone") < 500:
        time.sleep(0.1)
    processes[0].kill()
    world.check("gone: exit status 138", finished(processes)[1] == 138)
    print(f"  {world.log('gone').splitlines()[-1]}")


CASES: Mapping[str, Callable[[World], None]] = {
    of.__name__: of for of in (frozen, fine_tuned, mirrored, killed, missing)
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", default=[*CASES])
    parser.add_argument("--module", help="a module that can be fine-tuned; by default a tiny one")
    parser.add_argument("--images", type=int, default=240)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        world = World(pathlib.Path(directory), given.module, given.images)
        for case in given.cases:
            print(f"{case}:", flush=True)
            CASES[case](world)
    return int(world.failed)


if __name__ == "__main__":
    sys.exit(main())
