import socket
import urllib.error

import pytest

from retrain.modules.sources import silent_hosts
from retrain.modules.sources.silent_hosts import not_waited_for, silence, was_silent


def test_a_connection_on_which_nothing_comes_is_given_up(monkeypatch):
    monkeypatch.setattr(silent_hosts, "SILENCE", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as server, not_waited_for():
        with socket.create_connection(server.getsockname()) as connection, pytest.raises(TimeoutError):
            connection.recv(1)
    assert socket.getdefaulttimeout() is None


def test_what_a_program_has_set_holds():
    socket.setdefaulttimeout(7.0)
    try:
        with not_waited_for():
            assert socket.getdefaulttimeout() == 7.0
            assert silence() == "the host said nothing for 7 seconds"
        assert socket.getdefaulttimeout() == 7.0
    finally:
        socket.setdefaulttimeout(None)
    assert silence() == "the host said nothing for 60 seconds"


@pytest.mark.parametrize(
    ("error", "silent"),
    [
        (TimeoutError(), True),
        (urllib.error.URLError(TimeoutError()), True),
        (urllib.error.URLError("closed"), False),
        (ConnectionResetError(), False),
    ],
)
def test_how_urllib_says_it(error, silent):
    assert was_silent(error) == silent
