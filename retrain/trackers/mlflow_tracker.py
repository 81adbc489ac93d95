"""Records a run with MLflow, where its own variables say, such as MLFLOW_TRACKING_URI."""

import os
import re

import mlflow

from retrain.trackers.tracked_run import TrackedRun

EXPERIMENT = "retrain"  # if MLFLOW_EXPERIMENT_NAME names no other
# MLflow would try for four minutes to reach a server that is not there. What the user has set holds.
PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "20"}
NO_NAME = re.compile(r"[^\w.\-/ ]")  # what a name in MLflow has not


def record(run: TrackedRun) -> str:
    """Flags as parameters, figures and curves as metrics, files and exports as artefacts."""
    for name, value in PATIENCE.items():
        os.environ.setdefault(name, value)
    if not mlflow.environment_variables.MLFLOW_EXPERIMENT_NAME.get():
        mlflow.set_experiment(EXPERIMENT)
    with mlflow.start_run(run_name=run.name) as started:
        mlflow.log_params({_named(name): value for name, value in run.flags.items()})
        mlflow.log_metrics({_named(name): value for name, value in run.figures.items()})
        for name, (steps, values) in run.curves.items():
            for step, value in zip(steps.tolist(), values.tolist(), strict=True):
                mlflow.log_metric(f"curve/{_named(name)}", value, step=step)
        for file in run.files:
            mlflow.log_artifact(file)
        for name, directory in run.exports.items():
            mlflow.log_artifacts(directory, f"export/{name}")
        return f"run {started.info.run_id} in {mlflow.get_tracking_uri()}"


def _named(name: str) -> str:
    return NO_NAME.sub("_", name)
