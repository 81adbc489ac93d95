"""Commands that are disturbed again and again in one directory, and given again until they end, end as ever.

Each command is first given once in peace. What differs from that in the end, a traceback on the way, and what
is left beside, is a fault, and is told.
"""

import collections
import hashlib
import os
import pathlib
import pickle
import re
import tempfile
import time
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from retrain.__main__ import main as retrain
from tests.benchmarks import forked

A_DIRECTORY = 12  # disturbances at most
COMPARED = ("metrics.json", "predictions.csv", "label_issues.csv", "examples.csv", "labels.txt", "sweep.csv")
SECONDS = re.compile(r",\d+\.\d+(,[^,]*)$", re.MULTILINE)  # the last but one column of sweep.csv
EVERY = 4  # steps between two checkpoints; the step at which a signal came has one, too


class Whole(NamedTuple):
    """A command that was not disturbed: how long it took, what it left, what was counted."""

    seconds: float
    left: dict[str, str]
    counted: int


class Given(NamedTuple):
    """A command that is about to be given in a directory; what it says goes to `log`."""

    name: str
    words: list[str]
    log: pathlib.Path
    whole: Whole


def commands(work: pathlib.Path) -> dict[str, list[str]]:
    """By what takes long in them."""
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
        "sweep of heads by TPE": ["sweep", *frozen, exported, *heads, "--sampler=tpe", "--pruner=halving"],
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


def differing(left: dict[str, str], whole: dict[str, str]) -> set[str]:
    """The names of what is not the same.

    Of checkpoints the last few are kept, and those at which signals came are among them: one may be missing.
    """
    changed = {name for name, _ in left.items() ^ whole.items()}
    return {name for name in changed if "ckpt-" not in name or name in left.keys() & whole.keys()}


class Disturber:
    """Gives commands in directories of their own, disturbs them, and notes what went wrong.

    Args:
      disturb: gives a command, and returns the status with which it ended.
      ends: what may be said of that, by status; 0 ends by itself.
      count: of what a process says when it has ended in peace, if that is needed.
    """

    def __init__(
        self,
        work: pathlib.Path,
        disturb: Callable[[Given], int],
        ends: Collection[int],
        counted: Callable[[], int] = lambda: 0,
    ):
        self.work, self.disturb, self.ends = work, disturb, ends
        self.counts, self.faults, self.runs = collections.Counter(), 0, 0
        done(lambda: make_world(work), work / "world")
        self.whole = {name: self._in_peace(name, words, counted) for name, words in commands(work).items()}

    @property
    def times(self) -> int:
        """How often commands were disturbed."""
        return sum(self.counts.values())

    def until_finished(self, name: str, words: Sequence[str]) -> None:
        """Disturbs the command some times, and lets it end."""
        run = self._new_run()
        given = Given(name, [*words, f"--model_dir={run}"], self.work / "given.log", self.whole[name])
        for _ in range(A_DIRECTORY):
            status, said = self.disturb(given), given.log.read_text("utf-8", "replace")
            self.counts[name, status] += 1
            finished = not status or "holds a finished run" in said  # the signal came after its last file
            if (status not in self.ends and not finished) or "Traceback" in said:
                self._fault(name, "ended with", status, said)
            if finished:
                break
        else:
            status, said = forked.status_of(forked.commanded(given.words, given.log)), given.log.read_text()
            if status and "holds a finished run" not in said:
                self._fault(name, "given again ended with", status, said)
        if changed := differing(what_is_left(run), given.whole.left):
            self._fault(name, run.name, "differs in", *sorted(changed))
        print(f"{self.times} times, {self.faults} faults; {name} is done.", flush=True)

    def _in_peace(self, name: str, words: Sequence[str], counted: Callable[[], int]) -> Whole:
        run, start = self._new_run(), time.monotonic()
        answer = run.with_suffix(".count")

        def act() -> int:
            counted()
            status = retrain(["retrain", *words, f"--model_dir={run}"])
            answer.write_text(str(counted()))
            return status

        done(act, run)
        seconds = time.monotonic() - start
        print(f"{name} takes {seconds:.0f} s; counted: {answer.read_text()}", flush=True)
        return Whole(seconds, what_is_left(run), int(answer.read_text()))

    def _new_run(self) -> pathlib.Path:
        """A directory, and one for what it keeps."""
        run = self.work / f"run-{self.runs}"
        os.environ["RETRAIN_CACHE_DIR"] = str(run.with_suffix(".cache"))
        self.runs += 1
        return run

    def _fault(self, *words: object) -> None:
        self.faults += 1
        print("FAULT", *words, flush=True)


def done(act: Callable[[], int], path: pathlib.Path) -> None:
    """Has an act done in a process of its own; it must not fail."""
    log = path.with_name("done.log")
    if forked.status_of(forked.forked(act, log)):
        raise SystemExit(log.read_text("utf-8", "replace"))


def what_is_left(run: pathlib.Path) -> dict[str, str]:
    """As `left` says, which asks TensorFlow."""
    answer = run.with_suffix(".pickle")
    done(lambda: 0 if answer.write_bytes(pickle.dumps(left(run))) else 1, run)
    return pickle.loads(answer.read_bytes())


def main(count: int, disturb: Callable[[Given], int], ends: Collection[int], counted=lambda: 0) -> int:
    """Disturbs all commands in turn until there were `count` disturbances; 1 when there was a fault."""
    forked.import_all()
    forked.shorten_heartbeats()
    with tempfile.TemporaryDirectory() as directory:
        disturber = Disturber(pathlib.Path(directory), disturb, ends, counted)
        while disturber.times < count:
            for name, words in commands(disturber.work).items():
                disturber.until_finished(name, words)
    for (name, status), times in sorted(disturber.counts.items()):
        print(f"{name}: {times} ended with {status}")
    return bool(disturber.faults)
