"""What a run writes down: before its long part, what it goes on by when interrupted; at its end, its exports.

An export that cannot be written costs itself only: figures and predictions are on the disk by then.
"""

import json
import os
import shutil
import time

from absl import logging

from retrain import __version__
from retrain.commands.train.check import TrainPlan
from retrain.commands.train.prepare import Prepared
from retrain.examples.recorded import data_fingerprint, record_examples
from retrain.export import ExportOptions, exporter
from retrain.export.seen_images import NOTHING_SEEN, SeenImages, write_seen
from retrain.files import remove_leftovers
from retrain.label_files import labels_file, labels_text
from retrain.model import ImageClassifier
from retrain.report import ARTEFACTS
from retrain.report.data_report import write_data_report
from retrain.report.predictions_table import write_table
from retrain.runs.run import EXPORTS, FINISHED, SKIPPED, TIMES, UNFINISHED, Run
from retrain.settings.config import to_flags, to_json
from retrain.settings.results import ResultSettings


def begin_run(plan: TrainPlan, prepared: Prepared) -> None:
    """Writes the settings, the labels, what was skipped, the facts of the data and the examples.

    Or, in the directory of a run that goes on, of which there are no facts, makes way for it.
    """
    run, state = plan.run, plan.run.state
    run.begun_with(
        to_json(plan.config, version=__version__, data_fingerprint=data_fingerprint(prepared.examples)),
        to_flags(plan.config, "train"),
    )
    if state in (UNFINISHED, FINISHED):
        remove_leftovers(run.path)
        _put_aside_results(run, state)
    if prepared.facts is not None:
        heads = prepared.examples.heads
        for task, head in heads.items():
            run.write(labels_file(heads, task), labels_text(head.class_names))
        write_table(run.file(SKIPPED), prepared.left_out)
        write_data_report(str(run), prepared.facts)
        record_examples(str(run), prepared.examples)


def _put_aside_results(run: Run, state: str) -> None:
    """Those of a finished run go to step-N; what an end that was not reached has left is made again."""
    if state == UNFINISHED:
        shutil.rmtree(run.path / "export", ignore_errors=True)
        (run.path / EXPORTS).unlink(missing_ok=True)
        return
    aside = run.path / f"step-{run.steps_taken}"
    aside.mkdir(exist_ok=True)
    results = [name for name, row in ARTEFACTS.items() if row.is_result]
    # The record of the exports last: without figures it is of nothing, and is removed if it comes to that.
    for name in ["export", *results, TIMES, EXPORTS]:
        if (run.path / name).exists():
            os.rename(run.path / name, aside / name)


def write_exports(
    model: ImageClassifier, run: Run, settings: ResultSettings, seen: SeenImages = NOTHING_SEEN
) -> list[str]:
    """The directories of those that were written; exports.json, with which the run ends, names all."""
    options = ExportOptions(takes_bytes=settings.default_signature == "bytes")
    reasons = {name: _export(model, run, name, options) for name in settings.export_formats}
    written = [name for name, reason in reasons.items() if not reason]
    for name in written:
        write_seen(seen, run.export(name))
    failed = {name: reason for name, reason in reasons.items() if reason}
    content = {"written": written, "failed": failed}
    run.write(EXPORTS, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    return [run.export(name) for name in written]


def _export(model: ImageClassifier, run: Run, name: str, options: ExportOptions) -> str:
    """Why it cannot be written, in a sentence; empty when it was."""
    start = time.monotonic()
    try:
        exporter(name)(model, run.export(name), options)
    except Exception as error:  # whatever an exporter, or TensorFlow, makes of a model: the run is worth more
        reason = next(iter(str(error).splitlines()), "") or type(error).__name__
        logging.warning("The format %s cannot be written, and is left out: %s", name, reason)
        logging.debug("How it came to this:", exc_info=True)
        return reason
    logging.info("Exported %s in %.1f s.", name, time.monotonic() - start)
    return ""
