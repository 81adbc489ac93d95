"""A run that has ended, without its training."""

import json
import pathlib

from retrain.runs.run import Run
from retrain.training.events import Events

METRICS = {
    "validation": {
        "loss": 0.5,
        "accuracy": 0.75,
        "accuracy_interval": [0.5, 0.9],
        "classes": {"a": {"f1": 1}},
    },
    "test": {"accuracy/猫:1": 0.25},
    "global_step": 20,
}


def ended(path: pathlib.Path) -> Run:
    """With figures, curves, a report and one export."""
    run = Run(path)
    run.begun_with("{}", "# python -m retrain train --flagfile=run.flags\n--seed=3\n--dropout_rate=0.2\n")
    run.write("metrics.json", json.dumps(METRICS))
    run.write("exports.json", json.dumps({"written": ["saved_model"], "failed": {}}))
    run.write("report.html", "<p>")
    run.write("export/saved_model/saved_model.pb", "model")
    Events(path).write("train", {10: {"loss": 2.0}, 20: {"loss": 1.0}})
    return run
