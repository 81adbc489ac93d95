import contextlib
import errno
import os
import pathlib
import subprocess
import sys
import time

import pytest

from retrain.errors import InputError
from retrain.runs.claim import claimed
from retrain.runs.run import Run

CLAIM = "from retrain.runs.claim import claimed\nfrom retrain.runs.run import Run\n"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch) -> pathlib.Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(pathlib.Path(__file__).parents[2]))
    return tmp_path


def test_a_directory_has_one_run_at_a_time():
    command = [sys.executable, "-c", f"{CLAIM}with claimed(Run('run')): pass"]
    with claimed(Run("run")):
        other = subprocess.run(command, capture_output=True, text=True, check=False)
    assert other.stderr.splitlines()[-1] == (
        "retrain.errors.InputError: Another run is at work in --model_dir='run': wait for its end, or name "
        "a new directory."
    )
    assert subprocess.run(command, check=True).returncode == 0


def test_a_kill_releases_the_directory():
    code = f"{CLAIM}import os, signal\nwith claimed(Run('run')): os.kill(os.getpid(), signal.SIGKILL)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    with claimed(Run("run")):
        pass


def test_a_claimed_directory_is_there_and_stays_when_it_is_used(here):
    with claimed(Run("runs/used")):
        (here / "runs" / "used" / "file").touch()
    with pytest.raises(ZeroDivisionError), claimed(Run("runs/unused")):
        assert os.path.isdir("runs/unused")
        1 / 0  # noqa: B018
    assert os.listdir("runs") == ["used"]


def test_a_directory_that_was_there_stays(here):
    (here / "mine").mkdir()
    with claimed(Run("mine")):
        pass
    assert (here / "mine").is_dir()


def test_a_place_where_no_directory_can_be(here, monkeypatch):
    def refuse(path, **_):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(os, "makedirs", refuse)
    with pytest.raises(InputError) as raised, claimed(Run("away/run")):
        pass
    assert str(raised.value) == (
        "'away/run' cannot be written (Permission denied): name a place where it can be."
    )


def test_many_work_in_a_shared_directory():
    with claimed(Run("sweep"), shared=True), claimed(Run("sweep"), shared=True):
        assert os.path.isdir("sweep")


def test_two_runs_of_the_same_name(monkeypatch):
    with claimed(Run("runs/a")):
        monkeypatch.setattr(pathlib.Path, "is_dir", lambda _: False)  # as it was when the other one looked
        with pytest.raises(InputError) as raised, claimed(Run("runs/a")):
            pass
    assert str(raised.value) == (
        "Another run, started just now, writes to 'runs/a': start again, or name a --model_dir."
    )


def test_three_runs_of_a_folder_in_one_second_take_the_next_free_name():
    runs = [Run("runs/photos-1", is_default=True) for _ in range(3)]
    with contextlib.ExitStack() as stack:
        for run in runs:
            stack.enter_context(claimed(run))
        assert [str(run) for run in runs] == ["runs/photos-1", "runs/photos-1-2", "runs/photos-1-3"]


def test_whether_others_work_in_a_shared_directory_is_noted():
    code = f"{CLAIM}run = Run('run')\nwith claimed(run, shared=True): print(run.alone_since)"
    first, before = Run("run"), time.time()
    with claimed(first, shared=True):
        assert before <= first.alone_since <= time.time()
        other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert other.stdout == "None\n"
    second = Run("run")
    with claimed(second, shared=True):
        assert second.alone_since >= first.alone_since
