"""Modules of every format with damaged files: each is loaded and run, or refused in a sentence.

`python -m tests.benchmarks.damaged_modules [COUNT]` damages COUNT of each format, in processes of their own,
so that one that dies, or takes a minute, is counted, too. Measured: of 3000 none; tests/modules/sources
has the short form.
"""

import collections
import multiprocessing
import os
import pathlib
import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence

import numpy as np

from retrain.errors import InputError
from retrain.modules.loading import load_module
from tests import tiny_tf1_hub, tiny_worlds

MAKE: dict[str, Callable[[pathlib.Path], str]] = {
    "saved_model": tiny_worlds.averaging_module,
    "tf1_hub": tiny_tf1_hub.averaging_module,
    "keras": tiny_worlds.keras_file,
}
LONGEST = 60.0  # seconds for one
LOADED, REFUSED = "loaded", "refused"


def damaged(whole: str, directory: pathlib.Path, seed: int) -> str:
    """A copy of the module with one of its files damaged, in a way that the seed says."""
    draw = random.Random(seed)
    copy = directory / f"{seed}{pathlib.Path(whole).suffix}"
    (shutil.copytree if os.path.isdir(whole) else shutil.copy)(whole, copy)
    found = [copy] if copy.is_file() else [path for path in copy.rglob("*") if path.is_file()]
    file = draw.choice(sorted(path for path in found if path.stat().st_size))
    content = bytearray(file.read_bytes())
    at, other = draw.randrange(len(content)), draw.randrange(len(content))
    way = draw.randrange(4)
    if way == 0:
        content[at] ^= 1 << draw.randrange(8)
    elif way == 1:
        del content[at:]
    elif way == 2:
        for _ in range(draw.randrange(2, 30)):
            content[draw.randrange(len(content))] = draw.randrange(256)
    else:
        content[at : at + 40] = content[other : other + draw.randrange(40)]
    file.write_bytes(content)
    return str(copy)


def outcome(handle: str) -> str:
    """LOADED or REFUSED; any other error is the caller's."""
    try:
        module = load_module(handle)
        module(np.ones([2, *module.image_size, 3], np.float32))
    except InputError:
        return REFUSED
    return LOADED


def _try(whole: str, seeds: Sequence[int], results: multiprocessing.Queue) -> None:
    with tempfile.TemporaryDirectory() as directory:
        for seed in seeds:
            results.put((seed, "begun"))
            try:
                found = outcome(damaged(whole, pathlib.Path(directory), seed))
            except Exception as error:  # to be counted
                found = f"{type(error).__name__}: {error}"[:200]
            results.put((seed, found))


def counts(whole: str, count: int) -> collections.Counter[str]:
    """What became of so many damaged copies."""
    found: collections.Counter[str] = collections.Counter()
    spawning, waiting = multiprocessing.get_context("spawn"), list(range(count))
    while waiting:
        results = spawning.Manager().Queue()
        process = spawning.Process(target=_try, args=(whole, waiting, results))
        process.start()
        seed = waiting[0]
        while waiting and (process.is_alive() or not results.empty()):
            try:
                seed, result = results.get(timeout=LONGEST)
            except Exception:  # an empty queue, of a class of its own
                process.kill()
                break
            if result != "begun":
                found[result] += 1
                waiting.remove(seed)
        process.join()
        if seed in waiting:
            found[f"process ended with {process.exitcode}"] += 1
            waiting.remove(seed)
    return found


def main(count: str = "1000") -> None:
    with tempfile.TemporaryDirectory() as directory:
        for name, make in MAKE.items():
            found = counts(make(pathlib.Path(directory, name)), int(count))
            print(
                f"{name:12}",
                ", ".join(f"{number} {what}" for what, number in found.most_common()),
                flush=True,
            )


if __name__ == "__main__":
    main(*sys.argv[1:])
