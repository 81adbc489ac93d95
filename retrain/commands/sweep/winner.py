"""The winner of a sweep: its flags, complete, and the run that `train` makes with them."""

import contextlib
import fcntl
import json
import os
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

from absl import logging

from retrain.commands.sweep.image_trial import image_trial_directory
from retrain.commands.sweep.trials import shared
from retrain.commands.train.prepared import Prepared
from retrain.commands.train.run import train_classifier
from retrain.examples.hash_split import SPLITS
from retrain.files import write_text
from retrain.runs.run_directory import METRICS, RUN_FLAGS
from retrain.settings.config import Config, to_flags

BEST, BEST_FLAGS = "best", "best.flags"


def write_best_flags(run: str, config: Config) -> None:
    """The flagfile with which `train` trains exactly the winner."""
    write_text(os.path.join(run, BEST_FLAGS), to_flags(config, "train", BEST_FLAGS))


def train_winner(
    run: str, config: Config, prepared: Callable[[Config], Prepared], image_dir: str
) -> tuple[dict[str, Any], list[str]]:
    """Trains the winner in RUN/best, unless it is there; its figures by split, and its exports.

    The winner that a sweep of fewer trials had is moved to best.1, best.2, ...
    """
    best = pathlib.Path(run, BEST)
    with _one_worker_at_a_time(run):
        flags = best / RUN_FLAGS
        if best.exists() and (not flags.is_file() or flags.read_text() != to_flags(config, "train")):
            best.rename(_aside(best))
        trial = image_trial_directory(run, config)
        if not best.exists() and os.path.isdir(trial):  # which has been trained already
            os.rename(trial, best)
        if not (best / METRICS).is_file():
            logging.info("The winner is trained as train would, in %s.", best)
            train_classifier(config, prepared(shared(config)), image_dir, str(best))
    figures = json.loads((best / METRICS).read_text())
    exports = [str(best / "export" / name) for name in config.export_formats]
    return {split: figures[split] for split in SPLITS if split in figures}, exports


def _aside(best: pathlib.Path) -> pathlib.Path:
    count = 1
    while best.with_name(f"{BEST}.{count}").exists():
        count += 1
    return best.with_name(f"{BEST}.{count}")


@contextlib.contextmanager
def _one_worker_at_a_time(run: str) -> Iterator[None]:
    """Workers of one directory wait for each other here; the system lets go of what a dead one held."""
    with open(os.path.join(run, ".lock"), "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
