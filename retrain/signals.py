"""SIGTERM and Ctrl-C: where they stop the program at once, and where it first brings its work to a close."""

import contextlib
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from types import FrameType
from typing import Any, NoReturn, Self

from retrain.signal_watch import STOPPING, forget, signals_watched

# That a signal is raised again, and for how long it waits for a frame that is not of TensorFlow.
SECONDS_LATER, SECONDS_POSTPONED = 0.05, 1.0


class Terminated(KeyboardInterrupt):
    """What SIGTERM raises, as Ctrl-C raises KeyboardInterrupt."""


@contextlib.contextmanager
def signals_raised() -> Iterator[None]:
    """Within, SIGTERM raises Terminated, and a signal ends the process where it does not end the body."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with signals_watched(), _raised_again(), _Raiser() as raised, _handled(STOPPING, raised):
        yield


@contextlib.contextmanager
def signals_deferred() -> Iterator[Callable[[], bool]]:
    """Yields a function that says whether a signal has come; it is raised when the body has ended.

    The body asks now and then, and ends early where it can. A second signal is raised at once.
    """
    came: list[int] = []
    with _Raiser() as raised:

        def defer(number: int, frame: FrameType | None) -> None:
            came.append(number)
            if len(came) > 1:
                raised(number, frame)
            forget()

        with _handled(STOPPING, defer):
            yield lambda: bool(came)
    if came:
        _raise(came[0])


def raise_interruption(error: Exception) -> None:
    """Raises KeyboardInterrupt for an error that native code has made of one.

    pybind11 names what was raised while it reported another error (its error_already_set), and loses it.
    """
    if re.search(rf"REPLACED BY .*({KeyboardInterrupt.__name__}|{Terminated.__name__})", str(error)):
        raise KeyboardInterrupt from error


@contextlib.contextmanager
def _handled(numbers: Iterable[int], handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Within, `handler` gets these signals, but for those that the process was begun to ignore.

    Python lets only the main thread say so.
    """
    here = threading.current_thread() is threading.main_thread()
    heard = [number for number in numbers if here and signal.getsignal(number) not in (signal.SIG_IGN, None)]
    before = {number: signal.signal(number, handler) for number in heard}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def _raise(number: int) -> NoReturn:
    raise Terminated if number == signal.SIGTERM else KeyboardInterrupt


class _Raiser:
    """A handler that raises what comes, but not within TensorFlow's Python: there it waits for a while.

    TensorFlow's native code calls Python (2.21: Context._handle when it makes a tensor, TensorShape.__len__)
    and goes on when that has raised, into a segmentation fault or a SystemError. After SECONDS_POSTPONED it
    is raised anywhere, for there may be no other frame between two calls of native code.
    """

    def __init__(self):
        self.since: float | None = None
        self.count = 0  # of signals; one that is sent again is void when another has come

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.count += 1

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.count += 1
        now = time.monotonic()
        self.since = now if self.since is None else self.since
        if not _is_of_tensorflow(frame) or now - self.since >= SECONDS_POSTPONED:
            self.since = None
            _raise(number)
        forget()
        threading.Timer(SECONDS_LATER, self._send_again, [number, self.count]).start()

    def _send_again(self, number: int, count: int) -> None:
        if count == self.count:
            _send(number)


def _send(number: int) -> None:
    """To the main thread, which ends its sleep at it."""
    signal.pthread_kill(threading.main_thread().ident, number)


def _is_of_tensorflow(frame: FrameType | None) -> bool:
    return frame is not None and frame.f_globals.get("__name__", "").startswith("tensorflow.")


@contextlib.contextmanager
def _raised_again() -> Iterator[None]:
    """Within, a signal comes again that Python ignored, as in callbacks of its garbage collector.

    Another thread does it, for here it would be ignored, too.
    """
    before = sys.unraisablehook

    def look(unraisable: Any) -> None:
        if not isinstance(unraisable.exc_value, KeyboardInterrupt):
            before(unraisable)
            return
        number = signal.SIGTERM if isinstance(unraisable.exc_value, Terminated) else signal.SIGINT
        forget()
        threading.Timer(SECONDS_LATER, _send, [number]).start()

    sys.unraisablehook = look
    try:
        yield
    finally:
        sys.unraisablehook = before
