import pytest

from retrain.training import step_reports
from retrain.training.step_reports import Interval, StepReport, TimeAccount

REPORTS = (
    StepReport(step=1, steps=1, loss=1.0, seconds=2.0, input_wait=1.0),
    StepReport(step=5, steps=4, loss=2.0, seconds=4.0, input_wait=0.5),
)


def test_every_second_is_of_one_part():
    clock = iter([5.0, 7.0, 9.0, 10.0])
    times = TimeAccount(lambda: next(clock))
    for report in REPORTS:
        times.add(report)
    with times.spent_on(step_reports.EVALUATION):
        pass
    with pytest.raises(ZeroDivisionError), times.spent_on(step_reports.CHECKPOINTS):
        raise ZeroDivisionError
    assert str(times) == (
        "9.0 s: start-up 22.2%, compute 38.9%, input wait 5.6%, evaluation 22.2%, checkpoints 11.1%"
    )


def test_no_time_at_all():
    assert str(TimeAccount()).startswith("0.0 s: start-up 0.0%")


def test_an_interval_is_told_with_its_mean_loss_and_speed():
    interval = Interval()
    assert interval.told(batch_size=12) == ""
    for report in REPORTS:
        interval.add(report)
    assert interval.losses() == {1: {"loss": 1.0}, 5: {"loss": 2.0}}
    assert interval.told(batch_size=12) == "loss 1.8, 10 images/s, input wait 25%"
    interval.clear()
    assert interval.losses() == {}
