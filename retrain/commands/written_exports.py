"""The exports of a model in a run's directory: each is written, read again and compared, and recorded.

One that cannot be written costs itself only: figures and predictions are on the disk by then.
"""

import json
import os
import shutil
import time
from collections.abc import Sequence
from typing import NamedTuple

from absl import logging

from retrain.causes import cause_of
from retrain.errors import RefusedError
from retrain.exporters import AS_USUAL, EXPORTERS, ExportOptions, exporter
from retrain.exporters.compared import FEW, MANY, LabelledFiles, Sample, compared, sample_of
from retrain.exporters.model_card import OfRun
from retrain.exporters.seen_images import NOTHING_SEEN, SeenImages, write_seen
from retrain.files import read_json
from retrain.model import ImageClassifier
from retrain.runs.run import EXPORTS, Run
from retrain.signals import raise_interruption

CALIBRATED_ON = 200  # images of training


class Material(NamedTuple):
    """What exports are made and judged with, beside the model.

    Attributes:
      train, held_out: files of images, those it was trained on and others; of the latter, where there are
        any, are those that exports are compared on.
      takes_bytes: whether serving_default takes files.
      seen: what the model has seen.
      final_tensor_name: what the output of a frozen graph is called.
      of_run: what the run knows of the model, for the cards.
    """

    train: Sequence[str] = ()
    held_out: LabelledFiles = LabelledFiles()
    takes_bytes: bool = False
    seen: SeenImages = NOTHING_SEEN
    final_tensor_name: str = AS_USUAL.final_tensor_name
    of_run: OfRun | None = None

    def options(self) -> ExportOptions:
        apart = max(1, len(self.train) // CALIBRATED_ON)
        calibration = tuple(self.train[::apart][:CALIBRATED_ON])
        return ExportOptions(self.takes_bytes, calibration, self.final_tensor_name, self.of_run)

    def sample(self, model: ImageClassifier, formats: Sequence[str]) -> Sample:
        count = FEW if all(EXPORTERS[name].is_exact for name in formats) else MANY
        held_out = self.held_out if self.held_out.paths else LabelledFiles(self.train)
        return sample_of(model, held_out, count)


def write_exports(model: ImageClassifier, run: Run, formats: Sequence[str], material: Material) -> list[str]:
    """The directories of those that were written; exports.json names all, and those of earlier ones."""
    sample = material.sample(model, formats) if formats else None
    reasons = {name: _export(model, run, name, material, sample) for name in formats}
    written = [name for name, reason in reasons.items() if not reason]
    failed = {name: reason for name, reason in reasons.items() if reason}
    earlier = recorded_exports(run)
    content = {
        "written": [*(name for name in earlier["written"] if name not in reasons), *written],
        "failed": {**{name: why for name, why in earlier["failed"].items() if name not in reasons}, **failed},
    }
    run.write(EXPORTS, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    return [run.export(name) for name in written]


def recorded_exports(run: Run) -> dict:
    """What exports.json says: the formats that are `written`, and why others `failed`."""
    try:
        return read_json(run.path / EXPORTS)
    except FileNotFoundError:
        return {"written": [], "failed": {}}


def _export(model: ImageClassifier, run: Run, name: str, material: Material, sample: Sample) -> str:
    """Why it cannot be written, in a sentence; empty when it was.

    What the system refuses is no format's own: it is raised, and the run goes on when there is room again.
    """
    start, directory = time.monotonic(), run.export(name)
    was_there = os.path.lexists(directory)
    try:
        exporter(name)(model, directory, material.options())
        if EXPORTERS[name].is_module:
            write_seen(material.seen, directory)
        found = compared(name, directory, sample)
    except RefusedError:
        raise
    except Exception as error:  # whatever an exporter, or TensorFlow, makes of a model: the run is worth more
        raise_interruption(error)
        reason = cause_of(error)
        logging.warning("The format %s cannot be written, and is left out: %s", name, reason)
        logging.debug("How it came to this:", exc_info=True)
        if not was_there:
            shutil.rmtree(directory, ignore_errors=True)
        return reason
    logging.info("Exported %s in %.1f s; %s.", name, time.monotonic() - start, found)
    return ""
