"""Slow clients and those that say nothing, beside one that asks."""

import contextlib
import json
import pathlib
import re
import resource
import shutil
import socket
import subprocess
import threading
import time
import urllib.request
from unittest import mock

import pytest
import uvicorn
from PIL import Image

from retrain.serving import app, connections
from retrain.serving.app import Server
from retrain.serving.connections import Connection, most_connections
from retrain.serving.served_model import ServedModel

HEAD = b"POST /v1/models/flowers:predict HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
SILENT, SLOW, BROKEN = b"", HEAD[:30], b"\0\xff no HTTP\r\n\r\n"


@pytest.fixture
def port(served_exports, monkeypatch):
    """Where a server listens whose patience is short."""
    monkeypatch.setattr(connections, "PATIENCE", 0.3)
    monkeypatch.setattr(app, "PATIENCE", 0.3)
    exports = served_exports["one"]
    made = Server(ServedModel(str(exports / "saved_model"), str(exports / "tflite")), "flowers", 10**6)
    config = uvicorn.Config(made.app(), port=0, log_level="critical", http=Connection, ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join()


def asked(port: int, words: bytes) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=20)
    client.sendall(words)
    return client


def healthy(port: int) -> bool:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=20) as answer:
        return answer.read() == b"ok\n"


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_the_line_of_curl_in_the_docs(port, tmp_path):
    text = (pathlib.Path(__file__).parents[2] / "docs" / "serving.md").read_text("utf-8")
    [line] = re.findall("^.*curl.*$", text, re.MULTILINE)
    Image.new("RGB", (200, 300)).save(tmp_path / "PICTURE.jpg")
    line = line.replace("8501", str(port)).replace("/classifier:", "/flowers:")
    done = subprocess.run(line, shell=True, cwd=tmp_path, check=True, capture_output=True)
    [found] = json.loads(done.stdout)["predictions"]
    assert set(found) == {"classes", "scores", "familiarity"}


@pytest.mark.parametrize("words", [SILENT, SLOW])
def test_who_does_not_ask_in_time_is_hung_up_on(port, words):
    with contextlib.ExitStack() as open_ones:
        clients = [open_ones.enter_context(asked(port, words)) for _ in range(50)]
        assert healthy(port)
        for client in clients:
            with contextlib.suppress(ConnectionResetError):
                assert client.recv(1000) == b""


def test_of_more_than_may_be_open_those_go_that_have_waited_longest(port, monkeypatch):
    monkeypatch.setattr(connections, "PATIENCE", 60.0)
    monkeypatch.setattr(app, "PATIENCE", 60.0)
    monkeypatch.setattr(connections, "most_connections", lambda: 20)
    with contextlib.ExitStack() as open_ones:
        clients = [open_ones.enter_context(asked(port, words)) for words in [SILENT, SLOW, HEAD] * 20]
        assert healthy(port)
        for client in clients[:30]:
            with contextlib.suppress(ConnectionResetError):
                assert client.recv(1000) == b""
        clients[-1].sendall(b" " * 100)
        assert clients[-1].recv(1000).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(("limit", "most"), [(1024, 448), (100, 1), (20_000, 10_000), (-1, 10_000)])
def test_so_many_as_the_process_has_files_for(monkeypatch, limit, most):
    monkeypatch.setattr(resource, "getrlimit", lambda of: (limit, limit))
    assert most_connections() == most


def test_who_asks_slowly_is_told_so(port):
    with asked(port, HEAD + b'{"instances": ') as client:
        assert healthy(port)
        status, *_, body = client.recv(10_000).decode().split("\r\n")
        if not body:
            body = client.recv(10_000).decode()
    assert status == "HTTP/1.1 408 Request Timeout"
    assert json.loads(body) == {"error": "The request did not come within 0.3 seconds."}


def test_what_is_no_http_is_refused(port):
    with asked(port, BROKEN) as client:
        assert client.recv(1000).startswith(b"HTTP/1.1 400 ")
    with asked(port, HEAD + b"half"):
        pass
    assert healthy(port)


def test_who_comes_back_is_answered_again(port):
    with asked(port, b"") as client:
        for _ in range(2):
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = b""
            while not answer.endswith(b"ok\n"):
                answer += (part := client.recv(1000))
                assert part


def test_patience_begins_anew_with_each_answer(monkeypatch):
    connection, loop = Connection.__new__(Connection), mock.Mock()
    loop.call_later.side_effect = lambda *_: mock.Mock()
    connection.loop = loop
    monkeypatch.setattr(Connection, "_open", {})
    connection._wait()
    first = connection._waiting
    connection._wait()
    first.cancel.assert_called_once()
    connection._waiting.cancel.assert_not_called()
