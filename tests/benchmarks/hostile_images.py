"""Folders of hostile files through every verb: crashes, tracebacks, hangs, memory, and changed results.

`python -m tests.benchmarks.hostile_images [COUNT] [SEED]` writes COUNT files of `tests.hostile_folder` beside
good ones, and runs each verb in a process of its own, on the good ones alone, too. Exits with 1 where
anything is wrong. tests/contracts/test_hostile_images.py is the short form.
"""

import collections
import csv
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

from tests import tiny_worlds
from tests.hostile_folder import what_is_no_file, write_files

LONGEST = 1200  # seconds
MOST_MORE = 1000  # megabytes above those of a run on good images
ROUNDING = 1e-5  # of a probability
PIXELS = ("--augment=light", "--max_steps=20", "--batch_size=8", "--eval_every=10")


class Ended(NamedTuple):
    """How a process ended: its status, what it said, seconds, and its peak of memory in megabytes."""

    status: int
    told: str
    seconds: float
    peak: float


def run(directory: pathlib.Path, *words: str) -> Ended:
    """One verb."""
    began = time.monotonic()
    with open(directory / "told", "wb+") as told:
        command = [sys.executable, "-m", "retrain", *words]
        process = subprocess.Popen(command, stdout=told, stderr=told)
        while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
            time.sleep(0.05)
            if time.monotonic() - began > LONGEST:
                os.kill(process.pid, signal.SIGKILL)  # process.kill() would wait for it first, in its way
        told.seek(0)
        text = told.read().decode(errors="replace")
    status = process.returncode = os.waitstatus_to_exitcode(ended[1])
    return Ended(status, text, time.monotonic() - began, ended[2].ru_maxrss / 1024)


def verbs(photos: pathlib.Path, classifier: pathlib.Path, runs: pathlib.Path) -> dict[str, list[str]]:
    """The words of each verb."""
    to = [f"--image_dir={photos}", "--feature_cache=none"]
    train = [*to, "--tfhub_module=builtin:gradients", "--max_skipped_percentage=100"]
    known = f"--tfhub_module={classifier}/export/saved_model"
    return {
        "check": ["train", *train, "--dry_run", f"--model_dir={runs}/check"],
        "train": ["train", *train, f"--model_dir={runs}/train"],
        "train on images": ["train", *train, *PIXELS, f"--model_dir={runs}/pixels"],
        "evaluate": [
            "evaluate",
            to[0],
            known,
            "--max_skipped_percentage=100",
            f"--model_dir={runs}/evaluate",
        ],
        "predict": ["predict", known, f"--output={runs}/predictions.csv", str(photos)],
    }


def predictions(path: pathlib.Path, photos: pathlib.Path) -> dict[str, list[str]]:
    """Path below the folder -> the rest of the row."""
    with open(path, newline="", errors="surrogateescape") as file:
        return {row[0].removeprefix(f"{photos}/"): row[1:] for row in csv.reader(file)}


def is_same(before: list[str], after: list[str]) -> bool:
    """Whether class and probability of a row are the same.

    The engine of many images rounds otherwise than that of few, and on these colours, which are hardly
    different, familiarity hangs on that.
    """
    return len(before) == len(after) and all(map(_is_same_cell, before[:2], after[:2]))


def _is_same_cell(before: str, after: str) -> bool:
    try:
        return abs(float(before) - float(after)) <= ROUNDING
    except ValueError:
        return before == after


def reasons(told: str) -> collections.Counter[str]:
    """Why files were left out, as the warnings say it."""
    lines = (line.rpartition(" is skipped: ")[2] for line in told.splitlines() if " is skipped: " in line)
    return collections.Counter(lines)


def main(count: str = "5000", seed: str = "0") -> int:
    faults = 0
    with tempfile.TemporaryDirectory() as name:
        top = pathlib.Path(name)
        good, hostile = top / "good", top / "hostile"
        for photos in (good, hostile):
            tiny_worlds.colour_folder(photos, 12)
        for place in ("cyan", "magenta", "yellow"):
            write_files(hostile / place, int(count) // 3, int(seed) + len(place))
        classifier = top / "classifier"
        words = [
            "train",
            f"--image_dir={good}",
            "--tfhub_module=builtin:gradients",
            f"--model_dir={classifier}",
        ]
        if run(top, *words).status:
            raise SystemExit("the classifier was not trained")
        alone = {verb: run(top, *words) for verb, words in verbs(good, classifier, top / "alone").items()}
        with what_is_no_file(hostile / "cyan"):
            for verb, words in verbs(hostile, classifier, top / "beside").items():
                ended, more = (found := run(top, *words)), found.peak - alone[verb].peak
                wrong = ended.status != 0 or "Traceback" in ended.told or more > MOST_MORE
                faults += wrong
                print(
                    f"{verb:16} status {ended.status}, {ended.seconds:.0f} s, {more:+.0f} MB"
                    f"{', WRONG: ' + ended.told[-2000:] if wrong else ''}",
                    flush=True,
                )
                if verb == "predict":
                    print("left out:", sum(reasons(ended.told).values()), reasons(ended.told).most_common(20))
        before, after = (
            predictions(top / of / "predictions.csv", photos)
            for of, photos in (("alone", good), ("beside", hostile))
        )
        changed = [path for path, row in before.items() if not is_same(row, after.get(path, []))]
        print(f"{len(before)} good files, {len(changed)} predicted otherwise; {len(after)} files predicted")
    return 1 if faults or changed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
