import os
import signal
import threading
import time

import pytest

from retrain import signals
from retrain.signals import Terminated, signals_deferred, signals_raised

KINDS = {signal.SIGINT: KeyboardInterrupt, signal.SIGTERM: Terminated}


def send(number: int) -> None:
    os.kill(os.getpid(), number)


def be_interrupted() -> None:
    """Sleeps in pieces, for a signal that comes at the beginning of a sleep is heeded at its end."""
    for _ in range(200):
        time.sleep(0.02)
    pytest.fail("a signal was to be raised")


@pytest.fixture(autouse=True)
def handlers():
    """Those of before are there again afterwards."""
    before = [signal.getsignal(number) for number in KINDS]
    yield
    assert [signal.getsignal(number) for number in KINDS] == before


def test_sigterm_is_raised():
    with pytest.raises(Terminated), signals_raised():
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
        with signals_raised(), signals_deferred() as came:
            ended.append(came())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert ended == [False]


def test_a_signal_that_is_ignored_stays_so():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with signals_raised(), signals_deferred() as came:
            send(signal.SIGINT)
            assert not came()
    finally:
        signal.signal(signal.SIGINT, before)


class Kills:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)


def test_a_signal_within_a_callback_of_the_garbage_collector_is_raised_after_it():
    def killed_within():
        killer = Kills()
        del killer
        be_interrupted()

    with pytest.raises(Terminated), signals_raised():
        killed_within()


@pytest.mark.parametrize("raised", ["KeyboardInterrupt", "retrain.signals.Terminated"])
def test_what_native_code_made_of_an_interruption_is_raised(raised):
    words = f"error_already_set: MISMATCH of exception types: ORIGINAL OpError REPLACED BY {raised}: <EMPTY>"
    with pytest.raises(KeyboardInterrupt):
        signals.raise_interruption(RuntimeError(words))
    signals.raise_interruption(RuntimeError("KeyboardInterrupt is the name of a class"))


def within_tensorflow(seconds: float) -> bool:
    """A frame that is named as TensorFlow's are works while a signal comes; whether it ended by itself."""
    names = {"__name__": "tensorflow.python.eager.context", "time": time, "os": os, "ended": []}
    code = f"""
def work():
    os.kill(os.getpid(), {int(signal.SIGTERM)})
    end = time.monotonic() + {seconds}
    while time.monotonic() < end:
        pass
    ended.append(True)
work()
"""
    with pytest.raises(Terminated), signals_raised():
        exec(code, names)
        be_interrupted()
    return bool(names["ended"])


def test_a_signal_waits_until_tensorflow_is_left():
    assert within_tensorflow(seconds=0.2)


def test_a_signal_does_not_wait_for_long(monkeypatch):
    monkeypatch.setattr(signals, "SECONDS_POSTPONED", 0.1)
    assert not within_tensorflow(seconds=5)


def test_a_signal_that_waits_is_void_when_another_was_raised(monkeypatch):
    monkeypatch.setattr(signals, "_is_of_tensorflow", lambda _: not within.pop())
    within = [True, False]
    with pytest.raises(KeyboardInterrupt) as raised, signals_raised():
        send(signal.SIGTERM)
        send(signal.SIGINT)
    assert raised.type is KeyboardInterrupt
    time.sleep(2 * signals.SECONDS_LATER)
    assert not within


def test_a_signal_within_what_native_code_calls_is_raised_after_it(monkeypatch):
    """Raised within, it was a segmentation fault: the context's handle is asked for when a tensor is made."""
    import tensorflow as tf
    from tensorflow.python.eager import context

    names = {"__name__": context.__name__, "os": os, "handle": context.Context._handle.fget}
    code = f"""
def interrupted(self):
    os.kill(os.getpid(), {int(signal.SIGINT)})
    return handle(self)
"""
    exec(code, names)
    made = []
    with pytest.raises(KeyboardInterrupt), signals_raised():
        with monkeypatch.context() as patched:
            patched.setattr(context.Context, "_handle", property(names["interrupted"]))
            made += [tf.constant([1.0, 2.0])]
        be_interrupted()
    assert made[0].numpy().tolist() == [1, 2]
