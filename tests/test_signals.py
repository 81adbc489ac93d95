import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from retrain import signal_watch, signals
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


# As inside TensorFlow: the main thread is in native code, which no signal brings back to Python.
IN_NATIVE_CODE = """
import ctypes, signal, threading
from retrain import signal_watch
from retrain.signals import STOPPING, signals_raised
times = {times}
signal_watch.PATIENCE, signal_watch.LONGEST, signal_watch.AT_ONCE, signal_watch.SECONDS_BETWEEN_LOOKS = times
with signals_raised():
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    threading.Timer(1.0, print, ["begun"], {{"flush": True}}).start()  # when the main thread is in there
    ctypes.CDLL(None).sleep(100)
"""
WAITING = "retrain: still at work; a second signal ends it at once, or {} seconds do.\n"


def in_native_code(**times: float) -> subprocess.Popen[str]:
    code = IN_NATIVE_CODE.format(times=tuple(times.values()))
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen([sys.executable, "-c", code], **pipes)
    assert process.stdout.readline() == "begun\n"
    return process


@pytest.mark.parametrize(
    ("number", "status", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_native_code_that_does_not_return_is_ended(number, status, word):
    process = in_native_code(patience=0.0, longest=0.3, at_once=0.0, look=0.05)
    process.send_signal(number)
    _, errors = process.communicate()
    assert process.returncode == status
    assert errors == WAITING.format(0) + f"retrain: {word}; the same command goes on.\n"


def test_a_second_signal_ends_native_code_at_once():
    process = in_native_code(patience=0.0, longest=3600.0, at_once=0.0, look=0.05)
    process.send_signal(signal.SIGTERM)
    assert process.stderr.readline() == WAITING.format(3600)
    process.send_signal(signal.SIGINT)
    assert process.communicate()[1] == "retrain: terminated; the same command goes on.\n"
    assert process.returncode == 143


def test_what_is_deferred_or_no_stop_waits_for_nothing(monkeypatch):
    ended = []
    monkeypatch.setattr(signal_watch, "_end", ended.append)
    monkeypatch.setattr(signal_watch, "LONGEST", 0.5)
    before = signal.signal(signal.SIGWINCH, lambda *_: None)
    with pytest.raises(Terminated), signals_raised():
        send(signal.SIGWINCH)
        with signals_deferred() as came:
            send(signal.SIGTERM)
            assert came()
            assert signal_watch._stopping(*signal_watch._watched) == []
    signal.signal(signal.SIGWINCH, before)
    assert ended == []


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
