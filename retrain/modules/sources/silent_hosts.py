"""Hosts that take a connection and say nothing: the libraries that download would wait for them for ever."""

import contextlib
import http.client
import socket
import urllib.error
from collections.abc import Iterator

SILENCE = 60.0  # seconds without a byte, after which no more is expected
# What a download by urllib raises while the answer comes, beside its own URLError.
BROKEN_OFF = (ConnectionError, TimeoutError, http.client.HTTPException)


@contextlib.contextmanager
def not_waited_for() -> Iterator[None]:
    """Within, a connection on which nothing comes is a TimeoutError; what a program has set holds."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(SILENCE if before is None else before)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def was_silent(error: BaseException) -> bool:
    """Whether a host was, which urllib says in two ways."""
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    return isinstance(reason, TimeoutError)


def silence() -> str:
    """What is said of it."""
    return f"the host said nothing for {socket.getdefaulttimeout() or SILENCE:g} seconds"
