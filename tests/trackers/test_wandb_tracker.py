"""With W&B offline, in a process of its own; skipped where it is not installed."""

import importlib.util
import os
import subprocess
import sys

import pytest

from tests.trackers.worlds import ended

pytestmark = pytest.mark.skipif(importlib.util.find_spec("wandb") is None, reason="there is no W&B")
PROGRAM = """
import sys
from retrain.runs.run import Run
from retrain.trackers.tracked_run import tracked_run
from retrain.trackers.wandb_tracker import record

print(record(tracked_run(Run(sys.argv[1]))))
"""


def test_it_is_in_a_directory_of_its_own_to_be_sent_later(tmp_path):
    ended(tmp_path / "my run")
    environment = os.environ | {"WANDB_MODE": "offline", "WANDB_DIR": str(tmp_path), "HOME": str(tmp_path)}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "my run")],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines()[-1].startswith(str(tmp_path / "wandb"))
    [recorded] = (tmp_path / "wandb").glob("offline-run-*/*.wandb")
    content = recorded.read_bytes()
    for part in (b"my run", b"dropout_rate", b"validation/accuracy", b"curve/train/loss", b"report.html"):
        assert part in content
