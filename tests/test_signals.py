import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from retrain import signals
from retrain.signals import Terminated, signals_deferred, signals_raised

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
from retrain import signals
signals.PATIENCE, signals.LONGEST, signals.AT_ONCE, signals.SECONDS_BETWEEN_LOOKS = {times}
with signals.signals_raised():
    signal.pthread_sigmask(signal.SIG_BLOCK, signals.STOPPING)
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
    monkeypatch.setattr(signals, "_end", ended.append)
    monkeypatch.setattr(signals, "LONGEST", 0.5)
    before = signal.signal(signal.SIGWINCH, lambda *_: None)
    with pytest.raises(Terminated), signals_raised():
        send(signal.SIGWINCH)
        with signals_deferred() as came:
            send(signal.SIGTERM)
            assert came()
            assert signals._stopping(*signals._watched) == []
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
        time.sleep(5)

    with pytest.raises(Terminated), signals_raised():
        killed_within()


@pytest.mark.parametrize("raised", ["KeyboardInterrupt", "retrain.signals.Terminated"])
def test_what_native_code_made_of_an_interruption_is_raised(raised):
    words = f"error_already_set: MISMATCH of exception types: ORIGINAL OpError REPLACED BY {raised}: <EMPTY>"
    with pytest.raises(KeyboardInterrupt):
        signals.raise_interruption(RuntimeError(words))
    signals.raise_interruption(RuntimeError("KeyboardInterrupt is the name of a class"))
