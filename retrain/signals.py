"""SIGTERM and Ctrl-C: where they stop the program at once, and where it first brings its work to a close."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from types import FrameType

STOPPING = (signal.SIGINT, signal.SIGTERM)


class Terminated(KeyboardInterrupt):
    """What SIGTERM raises, as Ctrl-C raises KeyboardInterrupt."""


@contextlib.contextmanager
def sigterm_raised() -> Iterator[None]:
    """Within, SIGTERM raises Terminated."""
    with _handled([signal.SIGTERM], _raise):
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

    with _handled(STOPPING, defer):
        yield lambda: bool(came)
    if came:
        _raise(came[0], None)


@contextlib.contextmanager
def _handled(numbers: Iterable[int], handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Within, `handler` gets these signals; Python lets only the main thread say so."""
    here = threading.current_thread() is threading.main_thread()
    before = {number: signal.signal(number, handler) for number in numbers} if here else {}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def _raise(number: int, frame: FrameType | None) -> None:
    raise Terminated if number == signal.SIGTERM else KeyboardInterrupt
