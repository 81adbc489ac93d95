import gc
import hashlib
import http.server
import io
import os
import pathlib
import re
import socket
import subprocess
import sys
import tarfile
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator

import pytest

from retrain.errors import InputError
from retrain.modules.sources import download, silent_hosts
from retrain.modules.sources.embedded import best
from retrain.modules.sources.path_sources import SavedModel
from retrain.modules.sources.source import check_handle
from tests.modules.sources.test_fetched_sources import archive, fetched, flipped

ADVICE = (
    "check the address and the connection, download the module elsewhere and give its .tar.gz or directory, "
    f"or take another: {best()!r} needs no download."
)
GRAPH = b"graph" + os.urandom(50_000)  # of several blocks


class Answer(http.server.BaseHTTPRequestHandler):
    """One archive, whatever is asked for, unless the path says how the host behaves."""

    archive: pathlib.Path

    def do_GET(self):
        behaviour, content = urllib.parse.urlsplit(self.path).path.strip("/"), self.archive.read_bytes()
        if behaviour.isdigit():
            self.send_error(int(behaviour))
            return
        if behaviour == "silent":
            self.server.ended.wait(30)
            return
        if behaviour == "garbage":
            self.wfile.write(b"\0\1 nonsense\r\n\r\n")
            return
        if behaviour == "chunks":
            self.protocol_version = "HTTP/1.1"
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"%x\r\n" % len(content) + content[:1000])
            return
        to = {"moved": "/module", "loop": "/loop"}.get(behaviour)
        if behaviour == "flipped":
            content = flipped(content, len(content) // 2)
        answer = b"" if to else b"<html>Sign in" if behaviour == "page" else content
        self.send_response(302 if to else 200)
        self.send_header("Location", to or self.path)
        if behaviour != "short":
            self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer[: len(answer) // 2] if behaviour in ("cut", "short", "stops") else answer)
        if behaviour == "stops":
            self.wfile.flush()
            self.server.ended.wait(30)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def served(tmp_path, monkeypatch) -> Iterator[str]:
    """The URL of a module."""
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "hub"))
    Answer.archive = pathlib.Path(archive(tmp_path / "module.tgz", {"saved_model.pb": GRAPH}))
    with http.server.HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        server.ended = threading.Event()
        yield f"http://127.0.0.1:{server.server_port}/module"
        server.ended.set()
        server.shutdown()


def test_the_lock_of_a_killed_download_is_no_lock(served, tmp_path):
    killed = subprocess.Popen(["true"])
    killed.wait()
    left = locked_by(killed.pid, served, tmp_path / "hub")
    assert (pathlib.Path(fetched(served).location) / "saved_model.pb").read_bytes() == GRAPH
    assert not any(path.exists() for path in left)


def test_the_lock_of_a_process_that_runs_stays(served, tmp_path):
    left = locked_by(os.getpid(), served, tmp_path / "hub")
    download._remove_what_was_killed(served)
    assert all(path.exists() for path in left)


def locked_by(process: int, url: str, cache: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
    """The lock and the partial directory as tensorflow_hub 0.16 names them."""
    name = hashlib.sha1(url.encode()).hexdigest()
    lock, partial = cache / f"{name}.lock", cache / f"{name}.0123abcd.tmp"
    partial.mkdir(parents=True)
    lock.write_text(f"{socket.gethostname()}.{process}.0123abcd")
    return lock, partial


def test_a_url_is_downloaded_once(served, tmp_path):
    source = fetched(served)
    assert source == SavedModel(served, source.location)
    assert (pathlib.Path(source.location) / "saved_model.pb").read_bytes() == GRAPH
    assert tmp_path / "hub" in pathlib.Path(source.location).parents
    Answer.archive.unlink()
    assert fetched(served) == source


def test_a_module_behind_a_url_may_lie_one_folder_down(served, tmp_path):
    (tmp_path / "network").mkdir()
    (tmp_path / "network" / "saved_model.pb").write_bytes(GRAPH)
    with tarfile.open(tmp_path / "module.tgz", "w:gz") as tar:
        tar.add(tmp_path / "network", "network")
    source = fetched(served)
    assert source == SavedModel(served, source.location)
    assert (pathlib.Path(source.location) / "saved_model.pb").read_bytes() == GRAPH


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_how_far_it_has_come(served, monkeypatch, caplog):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with caplog.at_level("INFO", logger="absl"):
        fetched(served)
    last = terminal.getvalue().strip().rpartition("\r")[2]
    assert last.startswith("Downloading: 100%")
    assert "B/s" in last
    lines = [line for line in caplog.messages if line.startswith("Download")]
    assert lines == [f"Downloading TF-Hub Module {served!r}."]
    shown = terminal.getvalue()
    fetched(served)
    assert terminal.getvalue() == shown


def at(url: str, behaviour: str) -> str:
    return url.replace("/module", f"/{behaviour}")


def test_a_url_may_have_moved(served):
    source = fetched(at(served, "moved"))
    assert (pathlib.Path(source.location) / "saved_model.pb").read_bytes() == GRAPH


# The library leaves its connection to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ("403", "HTTP Error 403: Forbidden"),
        ("404", "HTTP Error 404: Not Found"),
        (
            "loop",
            "HTTP Error 302: The HTTP server returned a redirect error that would lead to an infinite loop",
        ),
        ("page", "{} does not appear to be a valid module"),
        ("cut", "the answer was cut short"),
        ("short", "Compressed file ended before the end-of-stream marker was reached"),
        ("flipped", "CRC check failed 0x[0-9a-f]+ != 0x[0-9a-f]+"),
        ("chunks", "the answer was cut short"),
        ("silent", r"the host said nothing for 0\.2 seconds"),
        ("stops", r"the host said nothing for 0\.2 seconds"),
        ("garbage", r"BadStatusLine\('\\x00\\x01 nonsense\\r\\n'\)"),
    ],
)
def test_a_host_that_does_not_give_the_module_leaves_nothing(
    served, tmp_path, behaviour, reason, monkeypatch
):
    if behaviour in ("silent", "stops"):
        monkeypatch.setattr(silent_hosts, "SILENCE", 0.2)
    url = at(served, behaviour)
    with pytest.raises(InputError) as info:
        fetched(url)
    head, found, tail = re.fullmatch(r"(.*? \()(.*)(\): .*)", str(info.value)).groups()
    assert re.fullmatch(reason.format(url), found)
    assert (head, tail) == (f"{url!r} could not be downloaded (", f"): {ADVICE}")
    assert list((tmp_path / "hub").iterdir()) == []
    gc.collect(1)  # what is young, now, and not in a test in which a warning is an error


def test_folders_that_an_archive_does_not_list(served, tmp_path):
    """The library that fetches URLs does not make them; ours does, for files."""
    Answer.archive = pathlib.Path(archive(tmp_path / "module.tgz", {"folder/saved_model.pb": GRAPH}))
    with pytest.raises(InputError, match=r"could not be downloaded .* needs no download\."):
        fetched(served)
    assert fetched(str(Answer.archive)).location


def test_a_url_that_cannot_be_reached():
    url = "http://127.0.0.1:1/module"
    check_handle(url)
    with pytest.raises(InputError) as info:
        fetched(url)
    assert str(info.value) == (
        f"{url!r} could not be downloaded (<urlopen error [Errno 111] Connection refused>): {ADVICE}"
    )


def test_a_network_of_its_kind_is_named(monkeypatch):
    url = "https://tfhub.dev/google/imagenet/mobilenet_v2_100_224/feature_vector/5"

    def closed(*_: object, **__: object) -> None:
        raise urllib.error.URLError("host is closed")

    monkeypatch.setattr(urllib.request, "urlopen", closed)
    with pytest.raises(InputError) as info:
        fetched(url)
    assert str(info.value) == (
        f"{url!r} could not be downloaded (<urlopen error host is closed>): check the address and the "
        f"connection, download the module elsewhere and give its .tar.gz or directory, or take another: "
        f"'keras:MobileNetV2' is a network of its kind, and {best()!r} needs no download."
    )
