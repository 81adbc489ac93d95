"""The model cards of a run's exports, with what the run knows of its classifier: its data and its figures."""

import os
import pathlib
from collections.abc import Sequence

from retrain.data.split_words import split_of
from retrain.examples.recorded import data_fingerprint
from retrain.export.model_card import README, OfRun, write_card
from retrain.report.outcome import CROSS_VALIDATION, Outcome, of_one_task

TOLD = ("test", "validation", CROSS_VALIDATION)


def write_cards(outcome: Outcome, exports: Sequence[str]) -> None:
    """Into those of these directories that have one."""
    of_run = OfRun(
        data=data_name(outcome.examples.image_dir),
        fingerprint=data_fingerprint(outcome.examples),
        splits={str(name): int(of) for name, of in outcome.examples.table["split"].value_counts().items()},
        figures={
            split: {task: of_one_task(outcome.figures[split], outcome.suffix(task)) for task in outcome.heads}
            for split in TOLD
            if split in outcome.figures
        },
    )
    for directory in exports:
        if os.path.isfile(os.path.join(directory, README)):
            write_card(directory, of_run)


def data_name(image_dir: str) -> str:
    """The name of the folder, with that of the one it is in where it is called like a split."""
    path = pathlib.Path(os.path.abspath(image_dir))
    return "/".join(path.parts[-2:]) if split_of(path.name) else path.name
