"""What Keras writes while it downloads weights: to stderr, as all that is told on the way, and not too early.

Keras writes to stdout, where predictions may go, and names an address before anybody has answered. Who is
offline is to read the reason alone.
"""

import contextlib
import io
import sys
from collections.abc import Iterator

ANNOUNCEMENT = "Downloading data from"


@contextlib.contextmanager
def told_when_it_comes() -> Iterator[None]:
    """Within, what is printed goes to stderr; that a download begins, when something comes."""
    with contextlib.redirect_stdout(_Held()):
        yield


class _Held(io.TextIOBase):
    def __init__(self) -> None:
        self._held = ""

    def write(self, text: str) -> int:
        if text.startswith(ANNOUNCEMENT):
            self._held = text
        else:
            sys.stderr.write(self._held + text)
            self._held = ""
        return len(text)

    def flush(self) -> None:
        sys.stderr.flush()

    def isatty(self) -> bool:
        """Keras draws a bar on a terminal."""
        return sys.stderr.isatty()
