"""How workers wait for each other, and how each learns at once that another is lost; without TensorFlow.

The chief listens at its address until all others have come, each with one line of JSON; then it tells them to
begin. The connections stay: one that ends before its process said so is a worker that was killed, or whose
machine is gone, which TensorFlow's collectives would notice later, if at all.
"""

import contextlib
import json
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from retrain.errors import LostWorkerError
from retrain.workers.cluster import address_of

GO, DONE = b"go\n", b"done\n"
SECONDS_BETWEEN_TRIES = 0.2
# A machine without power does not hang up: so many seconds of silence, asked so often, are one.
KEEPALIVE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 4}
LINE = 2**16  # bytes; of a line that says who comes

Lost = Callable[[str], Any]  # is told who, in words


class Meeting:
    """The connections of one worker: the chief's to all others, another's to the chief.

    Args:
      peers: index of a worker -> the connection to it.
      lost: what is done, in another thread, when one is lost.

    Attributes:
      has_ended: whether this worker needs the others no more, nor they it.
    """

    def __init__(self, peers: dict[int, socket.socket], lost: Lost):
        self._peers, self._lost, self.has_ended = peers, lost, False
        self._stop, self._stopped = socket.socketpair()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    def end(self) -> None:
        """The work is done: this worker and the others miss each other no more."""
        self.has_ended = True
        self._stop_watching()
        for peer in self._peers.values():
            with contextlib.suppress(OSError):
                peer.sendall(DONE)
            peer.close()

    def abandon(self) -> None:
        """Hangs up; the others miss this worker."""
        self._stop_watching()
        for peer in self._peers.values():
            peer.close()

    def _stop_watching(self) -> None:
        self._stop.close()
        self._watcher.join()
        self._stopped.close()

    def _watch(self) -> None:
        """Until all others have ended, or this worker does."""
        left = {peer: index for index, peer in self._peers.items()}
        while left:
            ready, *_ = select.select([*left, self._stopped], [], [])
            if self._stopped in ready:
                return
            for peer in ready:
                if not _has_ended_well(peer):
                    self._lost(called(left[peer]))
                    return
                del left[peer]


def called(index: int) -> str:
    """A worker, in words."""
    return "the chief" if index == 0 else f"worker {index}"


def met(addresses: Sequence[str], index: int, seconds: float, lost: Lost) -> Meeting:
    """When all workers have come; LostWorkerError where that takes longer than these seconds."""
    deadline = time.monotonic() + seconds
    if index:
        return Meeting({0: _the_chief(addresses[0], index, deadline, seconds)}, lost)
    peers: dict[int, socket.socket] = {}
    try:
        for number, peer in _comers(addresses, deadline):
            if number in peers:  # it was started again while the others were missing
                peers.pop(number).close()
            peers[number] = peer
            if len(peers) == len(addresses) - 1:
                break
    except TimeoutError:
        missing = [number for number in range(1, len(addresses)) if number not in peers]
        for peer in peers.values():
            peer.close()
        who = ", ".join(f"{called(number)} ({addresses[number]})" for number in missing)
        raise LostWorkerError(_has_not_come(who, len(missing), seconds)) from None
    for peer in peers.values():
        with contextlib.suppress(OSError):  # one that has left meanwhile is missed by the watch
            peer.sendall(GO)
    return Meeting(peers, lost)


def _comers(addresses: Sequence[str], deadline: float) -> Iterator[tuple[int, socket.socket]]:
    """The number and the connection of each that comes; TimeoutError at the deadline."""
    _, port = address_of(addresses[0])
    with _listener(port) as listener:
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            listener.settimeout(left)
            peer, _ = listener.accept()
            number = _number(peer, len(addresses))
            if number is None:
                peer.close()
            else:
                yield number, _kept_alive(peer)


def _listener(port: int) -> socket.socket:
    both = socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if both else socket.AF_INET
    return socket.create_server(("", port), family=family, dualstack_ipv6=both, backlog=128)


def _number(peer: socket.socket, count: int) -> int | None:
    """Of the worker that comes; None for what is none."""
    peer.settimeout(5.0)
    try:
        said = json.loads(_line(peer))
    except (OSError, ValueError):
        return None
    number = said.get("worker") if isinstance(said, dict) else None
    return number if type(number) is int and 0 < number < count else None


def _the_chief(address: str, index: int, deadline: float, seconds: float) -> socket.socket:
    """The connection to the chief, when it has told to begin."""
    while (left := deadline - time.monotonic()) > 0:
        try:
            chief = socket.create_connection(address_of(address), min(left, 5.0))
        except OSError:
            time.sleep(min(SECONDS_BETWEEN_TRIES, left))
            continue
        with contextlib.suppress(OSError):
            chief.sendall(json.dumps({"worker": index}).encode() + b"\n")
            chief.settimeout(max(deadline - time.monotonic(), 0.1))
            if _line(chief) == GO:
                return _kept_alive(chief)
        chief.close()  # it has gone, or was the server of a training that is about to end
        time.sleep(min(SECONDS_BETWEEN_TRIES, max(0.0, deadline - time.monotonic())))
    raise LostWorkerError(_has_not_come(f"the chief ({address}), or another worker,", 1, seconds))


def _line(peer: socket.socket) -> bytes:
    """What comes up to the end of a line, or of the connection."""
    line = b""
    while not line.endswith(b"\n") and len(line) < LINE:
        part = peer.recv(1)
        if not part:
            break
        line += part
    return line


def _has_ended_well(peer: socket.socket) -> bool:
    try:
        return _line(peer) == DONE
    except OSError:
        return False


def _kept_alive(peer: socket.socket) -> socket.socket:
    peer.settimeout(None)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVE.items():
        if hasattr(socket, name):
            peer.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    return peer


def _has_not_come(who: str, count: int, seconds: float) -> str:
    return (
        f"{who[0].upper()}{who[1:]} {'has' if count == 1 else 'have'} not come within "
        f"--worker_timeout={seconds:g} seconds: start the same command on every machine of the cluster."
    )
