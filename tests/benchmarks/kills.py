"""The kill test: commands that are killed at random moments and given again end as if nothing had happened.

`python -m tests.benchmarks.kills [SIGNALS]` sends kill -9, SIGINT and SIGTERM in turn, in the pass of images,
head search, exports, fine-tuning and sweeps, of heads and of modules. Each command is first given once in
peace, then sent signals at random moments, up to a dozen in a directory, and given again until it ends. What
differs then, a traceback, or what is left beside, is a fault, and is told; exits 1 when there was one.
tests/commands/test_kill.py is the short form.
"""

import collections
import hashlib
import os
import pathlib
import pickle
import random
import re
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence

from retrain.__main__ import main as retrain
from tests.benchmarks import forked

COUNT, A_DIRECTORY = 300, 12
SIGNALS = (signal.SIGKILL, signal.SIGINT, signal.SIGTERM)
ENDS = {0: "ended before", -9: "killed", 130: "interrupted", 143: "terminated"}
COMPARED = ("metrics.json", "predictions.csv", "label_issues.csv", "examples.csv", "labels.txt", "sweep.csv")
SECONDS = re.compile(r",\d+\.\d+(,[^,]*)$", re.MULTILINE)  # the last but one column of sweep.csv
EVERY = 4  # steps between two checkpoints; the step at which a signal came has one, too


def commands(work: pathlib.Path) -> dict[str, list[str]]:
    """By what they are killed in."""
    photos, exported = f"--image_dir={work / 'photos'}", "--export_formats=saved_model"
    frozen = [photos, "--tfhub_module=builtin:gradients", "--max_steps=40", "--l2_regularizer=0.01"]
    tuned = [photos, f"--tfhub_module={work / 'averaging.keras'}", exported, "--batch_size=4"]
    tuned += ["--fine_tune", f"--eval_every={EVERY}", "--augment=light", "--dropout_rate=0.5", "--ema=0.9"]
    heads = ["--sweep=learning_rate=0.05..2", "--sweep=dropout_rate=0,0.5", "--trials=40"]
    return {
        "head search": [*frozen[:-1], exported],
        "exports": [*frozen, "--learning_rate=0.5", "--export_formats=saved_model,hub_module,tflite"],
        "fine-tuning": [*tuned, "--max_steps=24", "--learning_rate=0.001"],
        "sweep of heads": ["sweep", *frozen, exported, *heads],
        "sweep of modules": ["sweep", *tuned, "--max_steps=8", "--sweep=learning_rate=0.0001,0.001"],
    }


def make_world(work: pathlib.Path) -> int:
    """Photos and a module."""
    from tests import tiny_worlds
    from tests.commands.worlds import noisy_photos

    noisy_photos(work / "photos")
    os.rename(tiny_worlds.keras_file(work / "module"), work / "averaging.keras")
    return 0


def left(run: pathlib.Path) -> dict[str, str]:
    """Hashes of all that must be the same, and the names of what should not be there."""
    from tests.run_contents import checkpoint_variables

    files = {path.relative_to(run).as_posix(): path for name in COMPARED for path in run.rglob(name)}
    texts = {name: SECONDS.sub(r"\1", path.read_text("utf-8")) for name, path in files.items()}
    weights = {
        index.parent.relative_to(run).as_posix(): checkpoint_variables(str(index.with_suffix("")))
        for index in run.rglob("ckpt-*/*.index")
        if int(index.parent.name.removeprefix("ckpt-")) % EVERY == 0
    }
    stray = {path.name: "" for pattern in ("**/*.partial", "best.*/") for path in run.glob(pattern)}
    return {
        name: hashlib.sha256(pickle.dumps(content)).hexdigest()
        for name, content in sorted({**texts, **weights, **stray}.items())
    }


class Killer:
    """Gives commands in a directory of their own, kills them, and notes what went wrong."""

    def __init__(self, work: pathlib.Path, seed: int = 0):
        self.work, self.chance = work, random.Random(seed)
        self.ends, self.sent, self.faults = collections.Counter(), 0, 0
        self.done(lambda: make_world(work), "world")

    def done(self, act: Callable[[], int], name: str) -> str:
        """What an act in a process of its own said; it must not fail."""
        log = self.work / f"{name}.log"
        if forked.status_of(forked.forked(act, log)):
            raise SystemExit(log.read_text("utf-8", "replace"))
        return log.read_text("utf-8", "replace")

    def left(self, run: pathlib.Path) -> dict[str, str]:
        """As the function says, which asks TensorFlow."""
        answer = run.with_suffix(".pickle")
        self.done(lambda: answer.write_bytes(pickle.dumps(left(run))) and 0, "left")
        return pickle.loads(answer.read_bytes())

    def fault(self, *words: object) -> None:
        self.faults += 1
        print("FAULT", *words, flush=True)

    def killed(self, name: str, words: Sequence[str], seconds: float) -> bool:
        """Whether a signal, at any moment, ended the command, which would have done so by itself."""
        log, number = self.work / "killed.log", SIGNALS[self.sent % len(SIGNALS)]
        pid = forked.commanded(words, log)
        time.sleep(self.chance.uniform(0, seconds))
        os.kill(pid, number)
        self.sent += 1
        status, said = forked.status_of(pid), log.read_text("utf-8", "replace")
        self.ends[name, ENDS.get(status, "failed")] += 1
        if status not in ENDS or "Traceback" in said:
            self.fault(name, number.name, "ended with", status, said)
        return status != 0

    def disturb(self, name: str, words: Sequence[str], seconds: float) -> None:
        """Kills it some times, and lets it end."""
        if all(self.killed(name, words, seconds) for _ in range(A_DIRECTORY)):
            log = self.work / "again.log"
            status, said = forked.status_of(forked.commanded(words, log)), log.read_text("utf-8", "replace")
            # The last signal came behind all that it writes.
            if status and "holds a finished run" not in said:
                self.fault(name, "given again ended with", status, said)


def main(count: int = COUNT) -> int:
    forked.import_all()
    forked.shorten_heartbeats()
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        killer, whole, seconds = Killer(work), {}, {}
        for number, (name, words) in enumerate(commands(work).items()):
            start, run = time.monotonic(), work / f"whole-{number}"
            given = ["retrain", *words, f"--model_dir={run}"]
            os.environ["RETRAIN_CACHE_DIR"] = f"{run}-cache"
            killer.done(lambda given=given: retrain(given), "whole")
            seconds[name], whole[name] = time.monotonic() - start, killer.left(run)
        while killer.sent < count:
            for name, words in commands(work).items():
                run = work / f"run-{killer.sent}"
                os.environ["RETRAIN_CACHE_DIR"] = f"{run}-cache"
                killer.disturb(name, [*words, f"--model_dir={run}"], seconds[name])
                found = killer.left(run)
                if found != whole[name]:
                    killer.fault(name, "differs in", *(key for key, _ in found.items() ^ whole[name].items()))
                print(f"{killer.sent} signals, {killer.faults} faults; {name} is done.", flush=True)
    for (name, end), times in sorted(killer.ends.items()):
        print(f"{name}: {times} {end}")
    return bool(killer.faults)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])))
