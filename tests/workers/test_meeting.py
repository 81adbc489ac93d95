"""Workers that are threads meet on loopback, and miss each other."""

import json
import queue
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from retrain.errors import LostWorkerError
from retrain.workers.meeting import GO, Meeting, called, met

SECONDS = 30.0


@pytest.fixture
def addresses():
    """Of a chief whose port is free, and of two workers, at whose nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    return [f"127.0.0.1:{port}", "127.0.0.1:1", "127.0.0.1:2"]


def all_met(addresses, lost) -> list[Meeting]:
    with ThreadPoolExecutor() as threads:
        waiting = [
            threads.submit(met, addresses, index, SECONDS, lost[index].put) for index in range(len(addresses))
        ]
        return [one.result() for one in waiting]


def test_all_meet_whoever_comes_first_and_end_well(addresses):
    lost = [queue.Queue() for _ in addresses]
    meetings = all_met(addresses, lost)
    for meeting in reversed(meetings):
        meeting.end()
    assert [one.qsize() for one in lost] == [0, 0, 0]
    assert all(meeting.has_ended for meeting in meetings)


def test_the_chiefs_port_is_free_for_tensorflow_when_all_have_met(addresses):
    meetings = all_met(addresses, [queue.Queue() for _ in addresses])
    port = int(addresses[0].rpartition(":")[2])
    with socket.create_server(("127.0.0.1", port)):
        pass
    for meeting in meetings:
        meeting.end()


@pytest.mark.parametrize(("gone", "told"), [(2, {0: "worker 2"}), (0, {1: "the chief", 2: "the chief"})])
def test_a_worker_that_hangs_up_is_missed(addresses, gone, told):
    lost = [queue.Queue() for _ in addresses]
    meetings = all_met(addresses, lost)
    meetings[gone].abandon()
    assert {index: lost[index].get(timeout=SECONDS) for index in told} == told
    for index in {0, 1, 2} - {gone}:
        meetings[index].abandon()


def test_one_that_has_ended_is_not_missed_and_the_others_still_are(addresses):
    lost = [queue.Queue() for _ in addresses]
    chief, first, second = all_met(addresses, lost)
    first.end()
    second.abandon()
    assert lost[0].get(timeout=SECONDS) == "worker 2"
    assert lost[1].empty()
    chief.abandon()


def test_who_does_not_come_is_named(addresses):
    def comes_alone():
        with pytest.raises(LostWorkerError) as raised:
            met(addresses, 1, 0.6, never)
        return str(raised.value)

    with ThreadPoolExecutor() as threads:
        worker = threads.submit(comes_alone)
        with pytest.raises(LostWorkerError) as raised:
            met(addresses, 0, 0.3, never)
        assert "Worker 2 (127.0.0.1:2) has not come within --worker_timeout=0.3 seconds: start the " in str(
            raised.value
        ) or "Worker 1 (127.0.0.1:1), worker 2 (127.0.0.1:2) have not come within" in str(raised.value)
        assert worker.result() == (
            f"The chief ({addresses[0]}), or another worker, has not come within --worker_timeout=0.6 "
            f"seconds: start the same command on every machine of the cluster."
        )
    assert raised.value.status == 138


def test_one_that_was_started_again_meanwhile_counts_once_and_strangers_do_not(addresses):
    chief = queue.Queue()
    waiting = threading.Thread(target=lambda: chief.put(met(addresses[:2], 0, SECONDS, print)))
    waiting.start()
    host, port = addresses[0].split(":")
    for line in (b"GET / HTTP/1.1\n", b"[]\n", json.dumps({"worker": 7}).encode() + b"\n", b""):
        stranger = _connected(host, int(port))
        stranger.sendall(line)
        stranger.close()
    again = _connected(host, int(port))
    again.sendall(b'{"worker": 1}\n')
    assert again.recv(16) == GO
    waiting.join()
    again.close()
    chief.get().abandon()


def _connected(host: str, port: int) -> socket.socket:
    while True:
        try:
            return socket.create_connection((host, port), SECONDS)
        except ConnectionRefusedError:
            continue


def never(who: str) -> None:
    raise AssertionError(f"{who} was missed")


def test_words():
    assert [called(0), called(3)] == ["the chief", "worker 3"]
