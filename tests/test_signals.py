import os
import signal
import threading

import pytest

from retrain.signals import Terminated, signals_deferred, sigterm_raised

KINDS = {signal.SIGINT: KeyboardInterrupt, signal.SIGTERM: Terminated}


def send(number: int) -> None:
    os.kill(os.getpid(), number)


@pytest.fixture(autouse=True)
def handlers():
    """Those of before are there again afterwards."""
    before = [signal.getsignal(number) for number in KINDS]
    yield
    assert [signal.getsignal(number) for number in KINDS] == before


def test_sigterm_is_raised():
    with pytest.raises(Terminated), sigterm_raised():
        send(signal.SIGTERM)


@pytest.mark.parametrize("number", KINDS)
def test_a_deferred_signal_is_raised_when_the_body_has_ended(number):
    done = []
    with pytest.raises(KINDS[number]) as raised, signals_deferred() as came:
        assert not came()
        send(number)
        assert came()
        done.append("all")
    assert done == ["all"]
    assert raised.type is KINDS[number]


def test_a_second_signal_does_not_wait():
    with pytest.raises(KeyboardInterrupt) as raised, signals_deferred():
        send(signal.SIGTERM)
        send(signal.SIGINT)
        pytest.fail("the second was to be raised")
    assert raised.type is KeyboardInterrupt


def test_an_error_of_the_body_goes_before_a_signal():
    with pytest.raises(ZeroDivisionError), signals_deferred():
        send(signal.SIGTERM)
        1 / 0  # noqa: B018


def test_without_a_signal_nothing_is_raised():
    with signals_deferred() as came:
        pass
    assert not came()


def test_other_threads_are_left_alone():
    ended = []

    def work() -> None:
        with sigterm_raised(), signals_deferred() as came:
            ended.append(came())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert ended == [False]
