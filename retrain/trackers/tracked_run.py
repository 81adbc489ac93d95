"""What trackers are given of a run: flags, figures, curves, files and exports, read from its directory."""

import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from absl import logging

from retrain.causes import cause_of
from retrain.extensions import named
from retrain.files import read_json
from retrain.runs.run import EXPORTS, METRICS, RUN_FLAGS, TIMES, Run
from retrain.trackers import TRACKERS
from retrain.training.events import Curve, read_events

FILES = ("report.html", METRICS, "predictions.csv", "label_issues.csv", RUN_FLAGS, "config.json", TIMES)


class TrackedRun(NamedTuple):
    """A run that has ended.

    Attributes:
      directory: where it is.
      flags: name -> text.
      figures: SPLIT/FIGURE -> number, of those that are one.
      curves: SPLIT/TAG -> values by step.
      files: paths of what people look at, and programs read.
      exports: format -> directory.
    """

    directory: pathlib.Path
    flags: Mapping[str, str]
    figures: Mapping[str, float]
    curves: Mapping[str, Curve]
    files: Sequence[str]
    exports: Mapping[str, str]

    @property
    def name(self) -> str:
        return self.directory.absolute().name


def track(run: Run, tracker: str) -> None:
    """Records the run; one that cannot be reached costs the record only, and is told."""
    try:
        place = named(TRACKERS[tracker].record)(tracked_run(run))
    except Exception as error:  # whatever a service, or the way to it, makes of it: the run is worth more
        reason = cause_of(error)
        logging.warning("The run cannot be recorded by %s: %s", tracker, reason)
        logging.debug("How it came to this:", exc_info=True)
    else:
        logging.info("Recorded by %s: %s.", tracker, place)


def tracked_run(run: Run) -> TrackedRun:
    """Of a run of train that has ended."""
    metrics = read_json(run.path / METRICS)
    written = read_json(run.path / EXPORTS)["written"]
    return TrackedRun(
        directory=run.path,
        flags=run.flags or {},
        figures=dict(_numbers(metrics)),
        curves={
            f"{split}/{tag}": curve
            for split, tags in read_events(run.path).items()
            for tag, curve in tags.items()
        },
        files=[run.file(name) for name in FILES if (run.path / name).is_file()],
        exports={name: run.export(name) for name in written},
    )


def _numbers(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, float]]:
    """Those that stand alone, by the names that lead to them; figures of single classes are too many."""
    for name, value in values.items():
        if isinstance(value, dict) and not before:
            yield from _numbers(value, f"{name}/")
        elif isinstance(value, int | float):
            yield f"{before}{name}", float(value)
