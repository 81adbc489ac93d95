"""SIGTERM and Ctrl-C: where they stop the program at once, and where it first brings its work to a close.

Python heeds a signal when its main thread is back from native code, which may be never. So what has come, and
is not deferred, waits in a socket (`signal.set_wakeup_fd`), which a thread watches: after a while, or after a
second signal, it ends the process as a kill would. Nothing is half-written then, for all is written beside.
"""

import _thread
import contextlib
import os
import re
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from types import FrameType
from typing import Any

STOPPING = (signal.SIGINT, signal.SIGTERM)
# Seconds that a signal waits: until the user is told, until the process is ended, and so after a second one.
PATIENCE, LONGEST, AT_ONCE = 3.0, 60.0, 1.0
SECONDS_LATER = 0.05  # that a signal is raised again
SECONDS_BETWEEN_LOOKS, MANY, STDERR = 0.1, 64, 2

_watched: list[socket.socket] = []  # from which the numbers of signals are read; one while there is a watch


class Terminated(KeyboardInterrupt):
    """What SIGTERM raises, as Ctrl-C raises KeyboardInterrupt."""


@contextlib.contextmanager
def signals_raised() -> Iterator[None]:
    """Within, SIGTERM raises Terminated, and a signal ends the process where it does not end the body."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with _signals_watched(), _raised_again(), _handled(STOPPING, _raise):
        yield


@contextlib.contextmanager
def signals_deferred() -> Iterator[Callable[[], bool]]:
    """Yields a function that says whether a signal has come; it is raised when the body has ended.

    The body asks now and then, and ends early where it can. A second signal is raised at once.
    """
    came: list[int] = []

    def defer(number: int, frame: FrameType | None) -> None:
        came.append(number)
        if len(came) > 1:
            _raise(number, frame)
        _forget()

    with _handled(STOPPING, defer):
        yield lambda: bool(came)
    if came:
        _raise(came[0], None)


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


def _raise(number: int, frame: FrameType | None) -> None:
    raise Terminated if number == signal.SIGTERM else KeyboardInterrupt


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
        _forget()
        threading.Timer(SECONDS_LATER, _thread.interrupt_main, [number]).start()

    sys.unraisablehook = look
    try:
        yield
    finally:
        sys.unraisablehook = before


@contextlib.contextmanager
def _signals_watched() -> Iterator[None]:
    """Within, a signal that is not deferred has to lead to the end of the body."""
    waiting, coming = socket.socketpair()
    waiting.setblocking(False)
    coming.setblocking(False)
    before = signal.set_wakeup_fd(coming.fileno(), warn_on_full_buffer=False)
    watch = threading.Thread(target=_watch, args=(waiting,), daemon=True)
    watch.start()
    _watched.append(waiting)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        coming.close()
        _forget()
        watch.join()
        _watched.remove(waiting)
        waiting.close()


def _forget() -> None:
    """What has come is being heeded."""
    for waiting in _watched:
        with contextlib.suppress(BlockingIOError):
            while waiting.recv(MANY):
                pass


def _watch(waiting: socket.socket) -> None:
    """Until nothing more can come, ends the process when signals wait for too long."""
    while True:
        select.select([waiting], [], [])
        since, deadline, told = time.monotonic(), LONGEST, False
        while numbers := _stopping(waiting):
            waited = time.monotonic() - since
            deadline = min(deadline, waited + AT_ONCE) if len(numbers) > 1 else deadline
            if waited >= deadline:
                _end(numbers[0])
            if waited > PATIENCE and not told:
                left = LONGEST - waited
                _tell(f"still at work; a second signal ends it at once, or {max(left, 0):.0f} seconds do.")
                told = True
            time.sleep(SECONDS_BETWEEN_LOOKS)
        if numbers is None:
            return


def _stopping(waiting: socket.socket) -> list[int] | None:
    """Those that wait; None when nothing more can come. Others, such as of a window's size, are dropped."""
    try:
        numbers = waiting.recv(MANY, socket.MSG_PEEK)
    except BlockingIOError:
        return []
    if not numbers:
        return None
    stopping = [number for number in numbers if number in STOPPING]
    if not stopping:
        with contextlib.suppress(BlockingIOError):
            waiting.recv(len(numbers))
    return stopping


def _end(number: int) -> None:
    _tell(f"{'terminated' if number == signal.SIGTERM else 'interrupted'}; the same command goes on.")
    os._exit(128 + number)


def _tell(words: str) -> None:
    """Past Python's own stderr, which the main thread may hold."""
    with contextlib.suppress(OSError):
        os.write(STDERR, f"retrain: {words}\n".encode())
