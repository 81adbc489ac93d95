"""Records a run with Weights & Biases, as its own variables say, such as WANDB_PROJECT and WANDB_MODE."""

import collections
import os

import wandb

from retrain.plain_name import plain_name
from retrain.trackers.tracked_run import TrackedRun

PROJECT = "retrain"  # if WANDB_PROJECT names no other


def record(run: TrackedRun) -> str:
    """Flags as config, figures as summary, curves as history, files and exports as an artefact."""
    project = os.environ.get("WANDB_PROJECT", PROJECT)
    with wandb.init(project=project, name=run.name, config=dict(run.flags), reinit="create_new") as started:
        by_step: dict[int, dict[str, float]] = collections.defaultdict(dict)
        for name, (steps, values) in run.curves.items():
            for step, value in zip(steps.tolist(), values.tolist(), strict=True):
                by_step[step][f"curve/{name}"] = value
        for step in sorted(by_step):
            started.log(by_step[step], step=step)
        started.summary.update(dict(run.figures))
        artefact = wandb.Artifact(plain_name(run.name), type="model")
        for file in run.files:
            artefact.add_file(file)
        for name, directory in run.exports.items():
            artefact.add_dir(directory, name=f"export/{name}")
        started.log_artifact(artefact)
        return started.url or started.dir
