"""A signal that Python does not heed ends the process after a while, or after a second one.

Python heeds a signal when its main thread is back from native code, which may be never. So what has come
waits in a socket (`signal.set_wakeup_fd`), which a thread watches: it ends the process as a kill would.
Nothing is half-written then, for all is written beside.
"""

import contextlib
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Iterator

STOPPING = (signal.SIGINT, signal.SIGTERM)
# Seconds that a signal waits: until the user is told, until the process is ended, and so after a second one.
PATIENCE, LONGEST, AT_ONCE = 3.0, 60.0, 1.0
SECONDS_BETWEEN_LOOKS, MANY, STDERR = 0.1, 64, 2

_watched: list[socket.socket] = []  # from which the numbers of signals are read; one while there is a watch


@contextlib.contextmanager
def signals_watched() -> Iterator[None]:
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
        forget()
        watch.join()
        _watched.remove(waiting)
        waiting.close()


def forget() -> None:
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
