"""What a run knows of its classifier, for the model cards of its exports: its data and its figures."""

import os
import pathlib
from collections.abc import Iterator

from retrain.data.split_words import split_of
from retrain.examples.recorded import data_fingerprint
from retrain.exporters.model_card import OfRun, Result
from retrain.heads.figure_splits import CROSS_VALIDATION
from retrain.report.outcome import Outcome, of_one_task

TOLD = ("test", "validation", CROSS_VALIDATION)


def of_run(outcome: Outcome) -> OfRun:
    """What cards say of it."""
    return OfRun(
        data=data_name(outcome.examples.image_dir),
        fingerprint=data_fingerprint(outcome.examples),
        splits={str(name): int(of) for name, of in outcome.examples.table["split"].value_counts().items()},
        results=[*_results(outcome)],
    )


def _results(outcome: Outcome) -> Iterator[Result]:
    for split in TOLD:
        for task in outcome.heads if split in outcome.figures else ():
            of = of_one_task(outcome.figures[split], outcome.suffix(task))
            if "accuracy" in of:
                low, high = of["accuracy_interval"]
                yield Result(
                    task=task,
                    split=split,
                    accuracy=of["accuracy"],
                    interval=(low, high),
                    count=of["count"],
                    macro_f1=of.get("macro_f1"),
                )


def data_name(image_dir: str) -> str:
    """The name of the folder, with that of the one it is in where it is called like a split."""
    path = pathlib.Path(os.path.abspath(image_dir))
    return "/".join(path.parts[-2:]) if split_of(path.name) else path.name
