"""From the study to what people read: the trials in their rank, and which are tied with the best."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import optuna

from retrain.commands.sweep.check import SweepPlan
from retrain.heads.metrics import NORMAL_95
from retrain.metric import Metric
from retrain.report.found_in_sweep import PAGE
from retrain.report.sweep_page import write_sweep_page
from retrain.report.sweep_plots import Scale, Trials
from retrain.report.sweep_table import FAILED, FINISHED, STOPPED, TrialRow, write_sweep_table
from retrain.runs.run import Run
from retrain.studies.objective import name_of
from retrain.studies.ranges import Choices
from retrain.studies.ranking import ranked, tied, winner
from retrain.studies.record import Record, decoded, flags_of
from retrain.studies.sequences import positions
from retrain.studies.space import Space
from retrain.studies.study import finished

FEWEST_TO_EXPLAIN = 8  # trials


class Results(NamedTuple):
    """Trials, the best first, then those stopped early, failed ones last; and the chosen one, if there is."""

    rows: list[TrialRow]
    winner: TrialRow | None


def results(study: optuna.Study, space: Space, metric: Metric, prefer: str) -> Results:
    """All that is known so far."""
    done = finished(study)
    trials = dict(zip(positions(study, done), done, strict=True))
    records = {number: decoded(trial) for number, trial in trials.items()}
    by_status = {
        status: {number: record for number, record in records.items() if status_of(record) == status}
        for status in (FINISHED, STOPPED, FAILED)
    }
    ranking, stopped = (ranked(by_status[status], metric.higher_is_better) for status in (FINISHED, STOPPED))
    among = tied(ranking)
    rows = [
        _row(number, flags_of(trials[number], space), record, metric, number in among)
        for number, record in {**ranking, **stopped, **by_status[FAILED]}.items()
    ]
    chosen = winner(ranking, prefer) if ranking else None
    return Results(rows, next((row for row in rows if row.number == chosen), None))


def status_of(record: Record) -> str:
    """In a word."""
    if record.value is None:
        return FAILED
    return FINISHED if record.stopped is None else STOPPED


def write_results(run: Run, found: Results) -> None:
    """sweep.csv, as far as the sweep has come."""
    write_sweep_table(run.file("sweep.csv"), found.rows)


def write_page(plan: SweepPlan, found: Results, study: optuna.Study) -> None:
    """sweep.html, of all trials."""
    scales = {
        name: Scale(names=varied.values)
        if isinstance(varied, Choices)
        else Scale(varied.low, varied.high, varied.log)
        for name, varied in plan.space.items()
    }
    metric = plan.metric
    trials = Trials(found.rows, found.winner.number, scales, name_of(metric), metric.higher_is_better)
    write_sweep_page(plan.run.file(PAGE), trials, _importances(study))


def _importances(study: optuna.Study) -> dict[str, float]:
    """How much of the differences between trials each flag explains (fANOVA, Hutter et al. 2014)."""
    done = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
    if len(done) < FEWEST_TO_EXPLAIN or len({trial.value for trial in done}) == 1:
        return {}
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
    return optuna.importance.get_param_importances(study, evaluator=evaluator)


def _row(number: int, flags: Mapping[str, Any], record: Record, metric: Metric, is_tied: bool) -> TrialRow:
    figures = {key: value for key, value in record.figures.items() if not isinstance(value, list)}
    interval = record.figures.get(f"{metric.name}_interval{metric.suffix}")
    if interval is None and not metric.higher_is_better and len(record.scores):
        interval = _mean_interval(-record.scores)
    return TrialRow(
        number=number,
        status=status_of(record),
        flags=flags,
        value=record.value,
        interval=interval,
        figures=figures,
        seconds=record.seconds,
        tied=is_tied,
        reason=record.reason,
    )


def _mean_interval(values: np.ndarray) -> tuple[float, float]:
    half = NORMAL_95 * float(values.std()) / math.sqrt(len(values))
    return float(values.mean()) - half, float(values.mean()) + half
