"""With MLflow, in a process of its own, as its warnings are; skipped where it is not installed."""

import importlib.util
import json
import os
import subprocess
import sys

import pytest

from tests.trackers.worlds import ended

pytestmark = pytest.mark.skipif(importlib.util.find_spec("mlflow") is None, reason="there is no MLflow")
PROGRAM = """
import json, sys
import mlflow
from retrain.runs.run import Run
from retrain.trackers.mlflow_tracker import record
from retrain.trackers.tracked_run import tracked_run

record(tracked_run(Run(sys.argv[1])))
[run] = mlflow.search_runs(experiment_names=["retrain"], output_format="list")
client = mlflow.MlflowClient()
curve = client.get_metric_history(run.info.run_id, "curve/train/loss")
folders = "", "export/saved_model"
files = [of.path for folder in folders for of in client.list_artifacts(run.info.run_id, folder)]
told = [run.info.run_name, run.data.params, run.data.metrics, [(of.step, of.value) for of in curve], files]
print(json.dumps(told))
"""


def test_it_is_in_a_local_sqlite_store(tmp_path):
    ended(tmp_path / "my run")
    environment = os.environ | {"MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path / 'mlflow.db'}"}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "my run")],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    name, parameters, metrics, curve, files = json.loads(done.stdout.splitlines()[-1])
    assert name == "my run"
    assert parameters == {"seed": "3", "dropout_rate": "0.2"}
    assert metrics["validation/accuracy"] == 0.75
    assert metrics["test/accuracy/猫_1"] == 0.25
    assert curve == [[10, 2.0], [20, 1.0]]
    assert {"report.html", "metrics.json", "export", "export/saved_model/saved_model.pb"} <= set(files)
