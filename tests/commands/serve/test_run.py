"""The server as a process: it answers, without TensorFlow, and stops when it is asked to."""

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

PROGRAM = """
import sys
from retrain.__main__ import main
status = main(["retrain", *sys.argv[1:]])
print("tensorflow" in sys.modules, status, file=sys.stderr)
sys.exit(status)
"""


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def answered(address: str, seconds: float = 30) -> bytes:
    """What is answered as soon as something is."""
    for _ in range(int(seconds * 10)):
        try:
            with urllib.request.urlopen(address) as answer:
                return answer.read()
        except urllib.error.URLError:
            time.sleep(0.1)
    raise TimeoutError(address)


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_answers_until_it_is_stopped(trained_run, port, stop):
    words = ["serve", f"--tfhub_module={trained_run}", f"--port={port}", "--model_name=colours"]
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, *words], stderr=subprocess.PIPE, text=True)
    try:
        assert answered(f"http://127.0.0.1:{port}/healthz") == b"ok\n"
        state = json.loads(answered(f"http://127.0.0.1:{port}/v1/models/colours"))
        assert state["model_version_status"][0]["state"] == "AVAILABLE"
    finally:
        process.send_signal(stop)
        said = process.communicate(timeout=30)[1].splitlines()
    assert f"Serving {trained_run}/export/tflite (LiteRT) at http://127.0.0.1:{port}" in said
    assert said[-2:] == ["Stopped: what had begun is answered.", "False 0"]
    assert process.returncode == 0
