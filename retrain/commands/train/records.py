"""What a run writes down before its long part: what it goes on by when interrupted."""

import os
import shutil

from retrain import __version__
from retrain.commands.train.check import TrainPlan
from retrain.commands.train.prepare import Prepared
from retrain.examples.recorded import data_fingerprint, record_examples
from retrain.files import remove_leftovers
from retrain.label_files import labels_file, labels_text
from retrain.report import ARTEFACTS
from retrain.report.data_report import write_data_report
from retrain.report.predictions_table import write_table
from retrain.runs.run import EXPORTS, FINISHED, SKIPPED, TIMES, UNFINISHED, Run
from retrain.settings.config import to_flags, to_json


def begin_run(plan: TrainPlan, prepared: Prepared) -> None:
    """Writes the settings, the labels, what was skipped, the facts of the data and the examples.

    Or, in the directory of a run that goes on, of which there are no facts, makes way for it.
    """
    run, state = plan.run, plan.run.state
    run.begun_with(
        to_json(plan.config, version=__version__, data_fingerprint=data_fingerprint(prepared.examples)),
        to_flags(plan.config, "train"),
    )
    remove_leftovers(run.path)
    if state in (UNFINISHED, FINISHED):
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
