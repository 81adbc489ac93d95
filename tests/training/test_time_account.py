import pytest
from retrain.training.time_account import TimeAccount

from retrain.training import time_account
from retrain.training.training_loop import Reading


def test_every_second_is_of_one_part(monkeypatch):
    clock = iter([5.0, 7.0, 9.0, 10.0])
    monkeypatch.setattr(time_account.time, "monotonic", lambda: next(clock))
    times = TimeAccount()
    times.add(Reading(step=1, steps=1, loss=1.0, seconds=2.0, input_wait=1.0))
    times.add(Reading(step=5, steps=4, loss=1.0, seconds=4.0, input_wait=1.0))
    with times.spent_on(time_account.EVALUATION):
        pass
    with pytest.raises(ZeroDivisionError), times.spent_on(time_account.CHECKPOINTS):
        raise ZeroDivisionError
    assert str(times) == (
        "9.0 s: start-up 22.2%, compute 33.3%, input wait 11.1%, evaluation 22.2%, checkpoints 11.1%"
    )


def test_no_time_at_all():
    assert str(TimeAccount()).startswith("0.0 s: start-up 0.0%")
