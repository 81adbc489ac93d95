import signal
import subprocess
import sys

import pytest

from retrain import signal_watch
from retrain.signals import Terminated, signals_deferred, signals_raised

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
        signal.raise_signal(signal.SIGWINCH)
        with signals_deferred() as came:
            signal.raise_signal(signal.SIGTERM)
            assert came()
            assert signal_watch._stopping(*signal_watch._watched) == []
    signal.signal(signal.SIGWINCH, before)
    assert ended == []
