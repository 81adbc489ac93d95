"""The driver over steps that are only counted, by a clock of their own: no speed is in the answers."""

import math

import pytest

from retrain.training import driver
from retrain.training.driver import Action, Driver
from retrain.training.step_reports import StepReport
from tests.workers.together import together


class CountedSteps:
    """A loop whose steps take `seconds` each, and whose input ends after `available`; also its clock."""

    def __init__(self, seconds: float = 0.001, available: int | None = None, global_step: int = 0):
        self.global_step, self.seconds, self.available = global_step, seconds, available
        self.now = 100.0

    def take_steps(self, batches, count):
        wanted = self.global_step + int(count)
        end = wanted if self.available is None else min(wanted, self.available)
        taken, self.global_step = range(self.global_step, end), end
        self.now += max(len(taken), 0.1) * self.seconds
        return end < wanted, float(sum(taken)), 0.25 * len(taken) * self.seconds

    def drive(self, *actions: Action, stop: int | None = None) -> None:
        Driver(self, actions, lambda: self.now).run(None, stop)


def steps_of(reports: list[StepReport]) -> list[int]:
    return [report.step for report in reports]


@pytest.fixture
def reports() -> list[StepReport]:
    """What an action `Action(reports.append, ...)` was called with."""
    return []


def test_calls_grow_up_to_so_many_steps_and_end_where_they_must(reports, monkeypatch):
    monkeypatch.setattr(driver, "STEPS_PER_CALL", 4)
    every_10, at_12 = Action(lambda report: None, steps=10), Action(lambda report: None, at=[12])
    CountedSteps().drive(Action(reports.append), every_10, at_12, stop=25)
    assert steps_of(reports) == [1, 3, 7, 10, 12, 16, 20, 24, 25]
    assert [report.steps for report in reports] == [1, 2, 4, 3, 2, 4, 4, 4, 1]


def test_a_call_does_not_last_long(reports):
    CountedSteps(seconds=0.5).drive(Action(reports.append), stop=12)
    assert steps_of(reports) == [1, 3, 7, 11, 12]
    CountedSteps(seconds=3.0).drive(Action(reports.append), stop=3)
    assert steps_of(reports)[5:] == [1, 2, 3]


def test_a_report_has_the_mean_loss_and_the_seconds_of_its_steps(reports):
    CountedSteps(seconds=0.5).drive(Action(reports.append), stop=3)
    assert reports == [
        StepReport(step=1, steps=1, loss=0.0, seconds=pytest.approx(0.5), input_wait=0.125),
        StepReport(step=3, steps=2, loss=1.5, seconds=pytest.approx(1.0), input_wait=0.25),
    ]


def test_steps_end_with_the_input(reports):
    CountedSteps(available=5).drive(Action(reports.append))
    assert steps_of(reports) == [1, 3, 5]
    assert sum(report.steps for report in reports) == 5


def test_what_has_been_done_is_not_done_again(reports):
    CountedSteps(global_step=5).drive(Action(reports.append), stop=5)
    assert reports == []


def test_actions_every_few_steps_and_at_some(reports):
    at = []
    CountedSteps(global_step=3).drive(
        Action(reports.append, steps=5), Action(at.append, at=(3, 6, 7)), stop=16
    )
    assert steps_of(reports) == [5, 10, 15]
    assert steps_of(at) == [6, 7]


def test_an_action_at_no_step_is_never_due(reports):
    CountedSteps().drive(Action(reports.append, at=()), stop=5)
    assert reports == []


def test_actions_every_few_seconds_since_they_were_done(reports):
    CountedSteps(seconds=2.0).drive(Action(reports.append, seconds=5.0), stop=10)
    assert steps_of(reports) == [3, 6, 9]


def test_the_time_of_an_action_is_not_of_its_interval(reports):
    loop = CountedSteps(seconds=2.0)

    def slow(report):
        loop.now += 100.0
        reports.append(report)

    loop.drive(Action(slow, seconds=5.0), stop=7)
    assert steps_of(reports) == [3, 6]


def test_actions_when_something_is_true(reports):
    loop = CountedSteps(seconds=3.0)
    loop.drive(Action(reports.append, when=lambda: loop.global_step in (2, 4)), stop=5)
    assert steps_of(reports) == [2, 4]


@pytest.mark.parametrize(
    ("available", "expected"), [(None, [4, 8, 10]), (9, [4, 8, 9]), (8, [4, 8]), (0, [0])]
)
def test_at_the_end_once_wherever_that_is(reports, available, expected):
    CountedSteps(available=available).drive(Action(reports.append, steps=4, at_end=True), stop=10)
    assert steps_of(reports) == expected


def test_the_report_of_no_step_has_no_loss(reports):
    CountedSteps(available=0, global_step=0).drive(Action(reports.append, at_end=True), stop=10)
    [report] = reports
    assert (report.step, report.steps) == (0, 0)
    assert math.isnan(report.loss)


def test_actions_go_in_their_order_and_one_may_end_the_run():
    order = []

    def act(name: str, ends_at: int | None = None) -> Action:
        return Action(lambda report: order.append((name, report.step)) or report.step == ends_at, steps=1)

    end = Action(lambda report: order.append("end"), at_end=True)
    loop = CountedSteps()
    loop.drive(act("first"), act("second", ends_at=2), act("third"), end, stop=5)
    assert order == [("first", 1), ("second", 1), ("third", 1), ("first", 2), ("second", 2)]
    assert loop.global_step == 2


def test_a_run_counts_seconds_from_its_beginning(reports):
    loop = CountedSteps(seconds=2.0)
    driven = Driver(loop, [Action(reports.append, seconds=5.0)], lambda: loop.now)
    driven.run(None, 2)
    loop.now += 100.0
    driven.run(None, 5)
    assert steps_of(reports) == [5]


def test_workers_take_the_chiefs_number_of_steps_and_act_when_one_of_them_has_to():
    """The chief's steps are slow, so that its calls are short; the other's clock says what is due."""

    def work(worker):
        steps = CountedSteps(seconds=[0.5, 0.001][worker.index])
        reports, timed = [], []
        seconds = [None, 0.0][worker.index]
        actions = [Action(reports.append), Action(timed.append, seconds=seconds, steps=1000)]
        Driver(steps, actions, lambda: steps.now, worker).run(None, 12)
        return steps_of(reports), steps_of(timed)

    [chiefs, others] = together(2, work)
    assert chiefs == others == ([1, 3, 7, 11, 12], [1, 3, 7, 11, 12])
