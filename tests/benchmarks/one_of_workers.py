"""One of the processes of `test_workers`: python -m tests.benchmarks.one_of_workers FLAGS.

It trains as `train` does, up to where results are written, and keeps what came of it beside the run.
"""

import os
import pathlib
import sys
from collections.abc import Sequence

import numpy as np

from retrain.commands.train.check import TrainPlan, check
from retrain.commands.train.classifier import best_heads, classifier
from retrain.commands.train.pixels import train_on_images
from retrain.commands.train.prepare import Prepared, prepare
from retrain.commands.train.records import begin_run
from retrain.flags import parse
from retrain.quiet import set_environment
from retrain.workers.joined import joined
from retrain.workers.workers import Workers


def train(words: Sequence[str]) -> dict[str, np.ndarray]:
    """What came of it, the same in every worker."""
    plan = check(parse(["retrain", *words]).config, [])
    with joined(plan.cluster, plan.config.distribution, plan.config.trains_on_images) as workers:
        return _trained(plan, prepare(plan, workers), workers)


def _trained(plan: TrainPlan, prepared: Prepared, workers: Workers) -> dict[str, np.ndarray]:
    best = best_heads(plan.config.head, prepared)
    if workers.is_chief:
        begin_run(plan, prepared)
    model = classifier(plan.config, prepared, best)
    train_on_images(plan, prepared.examples, model, workers)
    return {
        "paths": np.array(prepared.examples.paths),
        "splits": np.array(prepared.examples.splits),
        "features": np.asarray(prepared.examples.features),
        **{f"kernel of {task}": found.kernel for task, found in best.items()},
        **{f"{position}": variable.numpy() for position, variable in enumerate(model.variables)},
    }


if __name__ == "__main__":
    set_environment()
    made = train(sys.argv[2:])
    np.savez(pathlib.Path(sys.argv[1], f"{os.environ['NUMBER']}.npz"), **made)
