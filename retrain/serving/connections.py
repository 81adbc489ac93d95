"""Connections on which no request comes in time are closed, so that slow clients keep no others away.

Nor do many of them: of more than may be open, those go that have waited longest.
"""

import asyncio
import resource
from typing import ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol

PATIENCE = 30.0  # seconds for a request, from the first connection or the last answer on
BACKLOG = 128  # connections that the system accepts before the server looks at them
MOST = 10_000  # connections that may be open
# Files that are no open connection: others, and those that come and go in three rounds of asyncio's loop.
OTHER_FILES = 64 + 4 * BACKLOG


class Connection(H11Protocol):
    """HTTP/1.1, as uvicorn speaks it, but for the end of its patience; a body has its own, see the server."""

    _open: ClassVar[dict["Connection", None]] = {}  # who has waited longest comes first
    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self._wait()
        if len(self._open) > most_connections():
            self._close_longest_waiting()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._stop_waiting()

    def _wait(self) -> None:
        self._stop_waiting()
        self._open[self] = None
        self._waiting = self.loop.call_later(PATIENCE, self._close_without_request)

    def _stop_waiting(self) -> None:
        self._open.pop(self, None)
        if self._waiting is not None:
            self._waiting.cancel()

    def _close_without_request(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.abort()

    def _close_longest_waiting(self) -> None:
        """One whose request has not come in whole; those that are being answered stay."""
        for connection in self._open:
            cycle = connection.cycle
            if cycle is None or cycle.response_complete or cycle.more_body:
                del self._open[connection]
                connection.transport.abort()
                break


def most_connections() -> int:
    """So many that the process never runs out of files."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if files == resource.RLIM_INFINITY else max(1, min(MOST, files - OTHER_FILES))
