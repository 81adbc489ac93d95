"""What a run writes down before its long part, by which it goes on when it is interrupted."""

import os
import pathlib
import shutil
from collections.abc import Mapping
from typing import Any

import pandas as pd

from retrain.examples.recorded import record_examples
from retrain.files import remove_leftovers
from retrain.heads.head import Head
from retrain.report.data_report import write_data_report
from retrain.report.run_files import write_labels, write_settings, write_skipped
from retrain.runs.run_directory import METRICS, flags_of_run, steps_taken
from retrain.settings.config import Config, to_flags, to_json

EXPORT = "export"
# What says how good a finished run is; of all else a longer one goes on with.
RESULTS = (EXPORT, "predictions.csv", "predictions.png", METRICS)


def begin_run(
    run: str,
    config: Config,
    examples: pd.DataFrame,
    heads: Mapping[str, Head],
    skipped: pd.DataFrame,
    report: Mapping[str, Any] | None,
) -> None:
    """Writes the settings, the labels, what was skipped, the report on the data and the examples.

    Or, in the directory of a run that goes on, which has no `report`, makes way for it.
    """
    goes_on = flags_of_run(run) is not None
    write_settings(run, to_json(config), to_flags(config, "train"))
    if goes_on:
        remove_leftovers(run)
        _put_aside_results(pathlib.Path(run))
    if report is not None:
        write_labels(run, heads)
        write_skipped(run, skipped)
        write_data_report(run, report)
        record_examples(run, examples, list(heads))


def _put_aside_results(run: pathlib.Path) -> None:
    """Those of a finished run go to step-N; exports without metrics are of an end that was not reached."""
    if not (run / METRICS).exists():
        shutil.rmtree(run / EXPORT, ignore_errors=True)
        return
    aside = run / f"step-{steps_taken(str(run))}"
    aside.mkdir(exist_ok=True)
    for name in RESULTS:  # the metrics last: until then the run is a finished one
        if (run / name).exists():
            os.rename(run / name, aside / name)
