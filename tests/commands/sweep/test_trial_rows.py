import math
from typing import NamedTuple

import numpy as np
import optuna
import pandas as pd
import pytest

from retrain.commands.sweep.trial_rows import Results, results, write_page, write_results
from retrain.heads.metrics import NORMAL_95
from retrain.metric import LOSS, Metric
from retrain.runs.run import Run
from retrain.settings.values import OfTask
from retrain.studies.record import Record, encoded, failed_record
from retrain.studies.sequences import distributions, grid_sampler
from retrain.studies.space import Space, parse_space
from retrain.studies.study import tell

SPACE = parse_space(["batch_size=8..99", "tasks=kind:softmax;kind:sigmoid"])
ACCURACY = Metric("accuracy", "kind", "accuracy", higher_is_better=True)
RIGHT = np.ones(100, np.float32)


class Plan(NamedTuple):
    """What a page is made from."""

    space: Space
    metric: Metric
    run: Run


def study_of(*records: Record) -> optuna.Study:
    """A study in which trials gave these."""
    study = optuna.create_study(sampler=grid_sampler(SPACE, 0), direction="maximize")
    for record in records:
        tell(study, study.ask(distributions(SPACE)), encoded(record))
    return study


def wrong(count: int, stopped: int | None = None, cost: float = 0.0) -> Record:
    """A trial that has the first `count` of 100 images wrong."""
    scores = RIGHT.copy()
    scores[:count] = 0.0
    value = float(scores.mean())
    figures = {"loss": 0.5, "accuracy": value, "accuracy_interval": [value - 0.1, value + 0.1], "count": 100}
    return Record(value, figures, scores, stopped, seconds=1.0, cost=cost)


def numbers(found: Results) -> list[int]:
    return [row.number for row in found.rows]


def test_a_trial_that_a_worker_died_over_keeps_its_number():
    study = study_of(wrong(5))
    dead = study.ask(distributions(SPACE))
    study.tell(dead, state=optuna.trial.TrialState.FAIL)
    again = optuna.create_trial(
        state=optuna.trial.TrialState.WAITING, system_attrs={"failed_trial": dead.number}
    )
    study.add_trial(again)
    for record in (wrong(3), wrong(40)):
        tell(study, study.ask(distributions(SPACE)), encoded(record))
    assert sorted(numbers(results(study, SPACE, ACCURACY, "best"))) == [0, 1, 2]
    assert [trial.number for trial in study.trials] == [0, 1, 2, 3]


def test_the_best_is_first_then_what_was_stopped_and_what_failed():
    failed = failed_record({}, "training diverged")
    study = study_of(failed, wrong(5), wrong(0, stopped=20), wrong(3), wrong(40), wrong(60, stopped=10))
    found = results(study, SPACE, ACCURACY, "best")
    assert numbers(found) == [3, 1, 4, 2, 5, 0]
    statuses = ["finished", "finished", "finished", "stopped early", "stopped early", "failed"]
    assert [row.status for row in found.rows] == statuses
    assert [row.tied for row in found.rows] == [True, True, False, False, False, False]
    assert found.winner == found.rows[0]
    assert (found.rows[-1].value, found.rows[-1].reason) == (None, "training diverged")


def test_a_row_has_the_flags_as_they_are_trained_with_and_the_figures():
    row = results(study_of(wrong(25)), SPACE, ACCURACY, "best").winner
    assert row.flags == {"batch_size": 8, "tasks": (OfTask("kind", "softmax"),)}
    assert (row.value, row.interval, row.seconds) == (0.75, [0.65, 0.85], 1.0)
    assert row.figures == {"loss": 0.5, "accuracy": row.value, "count": 100}


def test_a_figure_that_is_to_be_high_is_taken_where_it_is_highest_whatever_its_task_is_called():
    metric = Metric("micro_f1_at_0.5", "gloss", "micro_f1_at_0.5/gloss", higher_is_better=True)
    assert results(study_of(wrong(9), wrong(1)), SPACE, metric, "best").winner.number == 1
    lower = metric._replace(higher_is_better=False)
    assert results(study_of(wrong(9), wrong(1)), SPACE, lower, "best").winner.number == 0


def test_of_equals_that_of_the_lower_loss():
    surer = wrong(10)._replace(figures={"loss": 0.25})
    assert numbers(results(study_of(wrong(10), surer), SPACE, ACCURACY, "best")) == [1, 0]


def test_a_cheap_one_is_chosen_and_stays_where_it_ranks():
    found = results(study_of(wrong(6, cost=9), wrong(7, cost=5)), SPACE, ACCURACY, "cheap")
    assert (numbers(found), found.winner.number) == ([0, 1], 1)


def test_the_interval_of_a_loss_is_that_of_its_mean():
    losses = np.asarray([0.25, 0.75] * 50, np.float32)
    record = Record(0.5, {"loss": 0.5}, -losses)
    low, high = results(study_of(record), SPACE, LOSS, "best").winner.interval
    half = NORMAL_95 * 0.25 / math.sqrt(100)
    assert (low, high) == (pytest.approx(0.5 - half), pytest.approx(0.5 + half))


def test_the_interval_of_a_figure_that_has_none():
    metric = Metric("macro_f1", "kind", "macro_f1", higher_is_better=True)
    assert results(study_of(wrong(5)), SPACE, metric, "best").winner.interval is None


def test_the_interval_is_that_of_the_task():
    record = wrong(5)
    record.figures["accuracy_interval/kind"] = [0.5, 0.6]
    metric = Metric("accuracy", "kind", "accuracy/kind", higher_is_better=True)
    assert results(study_of(record), SPACE, metric, "best").winner.interval == [0.5, 0.6]


def test_before_a_trial_has_a_result_there_is_no_winner():
    assert results(study_of(), SPACE, ACCURACY, "best") == Results([], None)
    failed = failed_record({}, "training diverged")
    assert results(study_of(failed, wrong(3, stopped=9)), SPACE, ACCURACY, "best").winner is None


def test_the_table_has_values_as_flags_take_them(tmp_path):
    found = results(study_of(wrong(0), wrong(9)), SPACE, ACCURACY, "best")
    write_results(Run(tmp_path), found)
    table = pd.read_csv(tmp_path / "sweep.csv", keep_default_na=False)
    assert table["tasks"].tolist() == ["kind:softmax", "kind:sigmoid"]
    assert table["loss"].tolist() == [0.5, 0.5]
    assert table["tied_with_best"].tolist() == [True, False]


@pytest.mark.parametrize(("count", "explained"), [(7, False), (8, True)])
def test_the_page_explains_the_differences_of_eight_trials(tmp_path, count, explained):
    study = study_of(*(wrong(at) for at in range(count)))
    plan = Plan(SPACE, ACCURACY, Run(tmp_path))
    write_page(plan, results(study, SPACE, ACCURACY, "best"), study)
    text = (tmp_path / "sweep.html").read_text()
    assert ("What makes the difference" in text) == explained
    assert "kind:sigmoid" in text


def test_where_all_are_equal_nothing_makes_a_difference(tmp_path):
    study = study_of(*[wrong(3)] * 9)
    write_page(Plan(SPACE, ACCURACY, Run(tmp_path)), results(study, SPACE, ACCURACY, "best"), study)
    assert "What makes the difference" not in (tmp_path / "sweep.html").read_text()
