"""A run's directory: the names of what is in it, how far the run has come, and how it goes on.

A run begins with run.flags and is finished when metrics.json and exports.json are there; between the two it
is unfinished, and the same flags continue it. A sweep's directory is known by sweep.flags; its study goes on.
"""

import contextlib
import os
import pathlib
import re
import shlex
import time
from collections.abc import Iterator

from retrain.files import read_text, write_text
from retrain.memory import give_back
from retrain.modules.sources.run_directory import EXPORTS, METRICS, RUN_FLAGS

RUNS = "runs"
SWEEP_FLAGS, CONFIG, STUDY = "sweep.flags", "config.json", "study.db"
SKIPPED, TIMES = "skipped.csv", "times.json"
# What --dry_run, --find_learning_rate, a refusal and a killed process leave is no run.
NO_RUN = re.compile(r"data_report\.json|skipped\.csv|learning_rates\..*|study\.db.*|\..*\.partial")
CHECKPOINT = re.compile(r"ckpt-(\d+)")
NEW, UNFINISHED, FINISHED, SWEEP, FOREIGN = "new", "unfinished", "finished", "sweep", "foreign"


class Run:
    """The directory at `path`, which need not exist; `is_default` when its name was made here.

    `is_others`: whether another process, the chief of the workers, writes there, and this one only reads.
    `seconds` are those that each stage has taken in this process, by what it is called.
    `alone_since`: where many may work at once, when no other did, in seconds since 1970; None if one did.
    """

    def __init__(self, path: str | os.PathLike[str], is_default: bool = False, is_others: bool = False):
        self.path, self.is_default, self.is_others = pathlib.Path(path), is_default, is_others
        self.seconds: dict[str, float] = {}
        self.alone_since: float | None = None

    def __str__(self) -> str:
        return str(self.path)

    @property
    def state(self) -> str:
        """NEW, UNFINISHED, FINISHED, of a SWEEP, or FOREIGN: what it holds is of no run of `train`."""
        if not self.path.is_dir() or all(NO_RUN.fullmatch(name) for name in os.listdir(self.path)):
            return NEW
        if (self.path / SWEEP_FLAGS).is_file():
            return SWEEP
        if self.flags is None:
            return FOREIGN
        return FINISHED if self._is_finished() else UNFINISHED

    @property
    def flags(self) -> dict[str, str] | None:
        """The flags of the training run, name -> text; None where there is no such run."""
        try:
            text = read_text(self.path / RUN_FLAGS)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return flag_lines(text) if text.startswith("# python -m retrain train ") else None

    @property
    def steps_saved(self) -> list[int]:
        """The step of each checkpoint."""
        names = os.listdir(self.path) if self.path.is_dir() else []
        return [int(found[1]) for name in names if (found := CHECKPOINT.fullmatch(name))]

    @property
    def steps_taken(self) -> int:
        """The step of the newest checkpoint, 0 without one."""
        return max(self.steps_saved, default=0)

    @contextlib.contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Adds the time that the body takes to the seconds of the stage, which begins with what was freed."""
        start = time.monotonic()
        give_back()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.monotonic() - start

    def file(self, name: str) -> str:
        """The path of a file in it."""
        return str(self.path / name)

    def write(self, name: str, text: str) -> str:
        """Writes a file in it, in one step, and returns its path."""
        write_text(self.path / name, text)
        return self.file(name)

    def export(self, name: str) -> str:
        """The directory of an export of this format."""
        return str(self.path / "export" / name)

    def begun_with(self, config_json: str, flags: str) -> None:
        """Writes what the run was asked to do, and the flagfile that repeats it, by which it has begun."""
        self.write(RUN_FLAGS, flags)
        self.write(CONFIG, config_json)

    def how_to_go_on(self) -> str:
        """What to type after an interruption."""
        if (self.path / SWEEP_FLAGS).exists():
            command, name = "python -m retrain sweep", SWEEP_FLAGS
        elif self.flags is not None:
            command, name = "python -m retrain", RUN_FLAGS
        else:
            return "The same command begins again, with what features are in the cache."
        flagfile, directory = shlex.quote(self.file(name)), shlex.quote(str(self.path))
        return f"Go on with: {command} --flagfile={flagfile} --model_dir={directory}"

    def _is_finished(self) -> bool:
        """Exports may be there before exports.json is: what was killed between the two goes on."""
        return all((self.path / name).is_file() for name in (METRICS, EXPORTS))


def run_for(model_dir: str | None, image_dir: str) -> Run:
    """The run at model_dir, or a new one, runs/FOLDER-TIME."""
    if model_dir is not None:
        return Run(model_dir)
    folder = os.path.basename(os.path.abspath(image_dir))
    return Run(os.path.join(RUNS, f"{folder}-{time.strftime('%Y%m%d-%H%M%S')}"), is_default=True)


def flag_lines(text: str) -> dict[str, str]:
    """The lines of a flagfile, name -> text of the value."""
    pairs = (line.removeprefix("--").partition("=") for line in text.split("\n") if line[:2] == "--")
    return {name: value for name, _, value in pairs}
