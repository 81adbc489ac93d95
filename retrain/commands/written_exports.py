"""The exports of a model in a run's directory: each is written, read again and compared, and recorded.

One that cannot be written costs itself only: figures and predictions are on the disk by then.
"""

import contextlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from absl import logging

from retrain.causes import cause_of
from retrain.errors import RefusedError
from retrain.exporters import AS_USUAL, EXPORTERS, ExportOptions, LabelledFiles, exporter
from retrain.exporters.compared import FEW, MANY, Sample, compared, sample_of
from retrain.exporters.model_card import OfRun
from retrain.exporters.reading_process import Answered, ReadingProcess
from retrain.exporters.seen_images import NOTHING_SEEN, SeenImages, write_seen
from retrain.files import read_json
from retrain.model import ImageClassifier
from retrain.runs.run import EXPORTS, Run
from retrain.signals import raise_interruption

CALIBRATED_ON = 200  # images of training
NOT_COMPARED = "no image to compare it on"


class Material(NamedTuple):
    """What exports are made and judged with, beside the model.

    Attributes:
      train: files of images that it was trained on.
      compared_on: those that exports are compared on.
      takes_bytes: whether serving_default takes files.
      seen: what the model has seen.
      final_tensor_name: what the output of a frozen graph is called.
      of_run: what the run knows of the model, for the cards.
    """

    train: Sequence[str] = ()
    compared_on: LabelledFiles = LabelledFiles()
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
        return sample_of(model, self.compared_on, count)


class Exports(NamedTuple):
    """What became of the formats that were asked for.

    Attributes:
      written: those that were written.
      failed: why others could not be, by format.
    """

    written: Sequence[str]
    failed: Mapping[str, str]

    def directories(self, run: Run) -> list[str]:
        """Of those that were written, in the run's directory."""
        return [run.export(name) for name in self.written]


def write_exports(
    model: ImageClassifier,
    run: Run,
    formats: Sequence[str],
    material: Material,
    reader: ReadingProcess | None,
) -> Exports:
    """Each in its directory, if it can be written; `reader` is there unless there are none."""
    attempts = [] if reader is None else _attempts(model, run, formats, material, reader)
    return Exports(
        written=[attempt.name for attempt in attempts if not attempt.reason],
        failed={attempt.name: attempt.reason for attempt in attempts if attempt.reason},
    )


def record_exports(run: Run, exports: Exports) -> None:
    """Writes exports.json, which names these and earlier ones: the last file of a run, for it finishes it."""
    earlier, formats = recorded_exports(run), {*exports.written, *exports.failed}
    content = {
        "written": [*(name for name in earlier["written"] if name not in formats), *exports.written],
        "failed": {name: why for name, why in earlier["failed"].items() if name not in formats}
        | {**exports.failed},
    }
    run.write(EXPORTS, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def recorded_exports(run: Run) -> dict:
    """What exports.json says: the formats that are `written`, and why others `failed`."""
    try:
        return read_json(run.path / EXPORTS)
    except FileNotFoundError:
        return {"written": [], "failed": {}}


def _attempts(
    model: ImageClassifier, run: Run, formats: Sequence[str], material: Material, reader: ReadingProcess
) -> list["_Attempt"]:
    """Each is read while the next is written."""
    attempts, answers = [_Attempt(name, run.export(name)) for name in formats], {}
    logging.info("Exporting %s; each is read again by another process.", ", ".join(formats))
    sample = material.sample(model, formats)
    reader.give(sample.images)
    for attempt in attempts:
        with attempt.failure_told():
            attempt.write(model, material)
            answers[attempt] = reader.ask(attempt.name, attempt.directory)
    expected = sample.expected()  # computed while the last ones are read
    for attempt, answered in answers.items():
        with attempt.failure_told():
            attempt.compare(answered, sample, expected)
    return attempts


class _Attempt:
    """A format that is written into its directory; `reason` says in a sentence why it could not be."""

    def __init__(self, name: str, directory: str):
        self.name, self.directory, self.reason = name, directory, ""
        self._was_there, self._seconds, self._note = os.path.lexists(directory), 0.0, None

    def write(self, model: ImageClassifier, material: Material) -> None:
        start = time.monotonic()
        self._note = exporter(self.name)(model, self.directory, material.options())
        if EXPORTERS[self.name].is_module:
            write_seen(material.seen, self.directory)
        self._seconds = time.monotonic() - start

    def compare(self, answered: Answered, sample: Sample, expected: Mapping[str, np.ndarray]) -> None:
        found = compared(self.name, answered(), sample, expected) if len(sample.images) else NOT_COMPARED
        told = "; ".join(filter(None, [found, self._note]))
        logging.info("Exported %s in %.1f s; %s.", self.name, self._seconds, told)

    @contextlib.contextmanager
    def failure_told(self) -> Iterator[None]:
        """What the system refuses is no format's own: it is raised, and the run goes on when there is room
        again."""
        try:
            yield
        except RefusedError:
            raise
        except Exception as error:  # whatever an exporter, or TensorFlow, makes of it: the run is worth more
            raise_interruption(error)
            self.reason = cause_of(error)
            logging.warning("The format %s cannot be written, and is left out: %s", self.name, self.reason)
            logging.debug("How it came to this:", exc_info=True)
            if not self._was_there:
                shutil.rmtree(self.directory, ignore_errors=True)
