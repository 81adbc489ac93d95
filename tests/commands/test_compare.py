import os
import subprocess
import sys

import pytest

from retrain.commands.checks import check_compare
from retrain.errors import InputError
from retrain.runs.run import Run
from retrain.settings.config import Config
from tests.report.test_run_comparison import made, of_one_task

PROGRAM = """
import sys
from retrain.__main__ import main

status = main(["retrain", "compare", *sys.argv[1:]])
assert not {"tensorflow", "keras"} & set(sys.modules)
sys.exit(status)
"""


@pytest.fixture
def runs(tmp_path) -> list[str]:
    made(tmp_path / "runs/a", of_one_task("abbaa"), "--seed=1\n")
    made(tmp_path / "runs/b", of_one_task("aaabb"), "--seed=2\n")
    return [str(tmp_path / "runs" / name) for name in "ab"]


def test_it_writes_what_it_prints_and_needs_no_tensorflow(runs, tmp_path):
    directory = tmp_path / "it"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "runs"), f"--model_dir={directory}"],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "label: accuracy on 4 test images that have one label in all runs." in done.stdout
    assert done.stdout.endswith(f"Everything is in {directory}: comparison.html, comparison.csv\n")
    assert sorted(os.listdir(directory)) == ["comparison.csv", "comparison.html"]


def test_the_directory_is_a_new_one(runs, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    plan = check_compare(Config(), runs)
    assert [str(run) for run in plan.runs] == runs
    assert str(plan.run).startswith("runs/comparison-2")
    Run(tmp_path / "full").write("notes.txt", "")
    with pytest.raises(InputError, match="is not empty, and nothing is overwritten"):
        check_compare(Config.of(model_dir=str(tmp_path / "full")), runs)


def test_one_run_is_not_enough(runs):
    for words, found in (([], "none was"), (runs[:1] * 2, f"{runs[0]!r} alone was")):
        with pytest.raises(InputError) as raised:
            check_compare(Config(), words)
        assert str(raised.value) == (
            f"compare takes two runs or more, or a folder of them, but {found} given: write "
            "python -m retrain compare RUN RUN."
        )
