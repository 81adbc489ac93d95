"""`python -m retrain predict`: what an exported classifier sees in images, one line each."""

import os

import pandas as pd
from absl import logging

from retrain.commands.checks import PredictPlan
from retrain.errors import InputError
from retrain.export.reload import ServedProbabilities, load_classifier
from retrain.features.cache import FileKey
from retrain.features.feature_pass import PassOptions, feature_pass
from retrain.modules.signatures import SERVING_SIGNATURE
from retrain.report.predictions_table import write_table


def run(plan: PredictPlan) -> None:
    """Prints path, class and probability of each image, for each task, or writes them to --output."""
    config, files = plan.config, plan.files
    classifier = load_classifier(config.module.tfhub_module, config.module)
    served = ServedProbabilities(classifier)
    result = feature_pass(
        served, SERVING_SIGNATURE, list(map(_file_key, files)), PassOptions(background=classifier.background)
    )
    for row, reason in result.skipped.items():
        logging.warning("%r is skipped: %s.", files[row], reason)
    seen = [row for row in range(len(files)) if row not in result.skipped]
    if not seen:
        raise InputError(f"None of the {len(files)} files is an image that can be decoded.")
    columns = {"path": [files[row] for row in seen]}
    for task, probabilities in served.by_task(result.features[seen]).items():
        head, suffix = classifier.heads[task], f"/{task}" if len(classifier.heads) > 1 else ""
        columns[f"class{suffix}"] = head.predicted(probabilities)
        columns[f"probability{suffix}"] = head.confidence(probabilities).round(6)
    table = pd.DataFrame(columns)
    if config.results.output is None:
        print(table.to_csv(index=False, sep="\t", lineterminator="\n"), end="")
    else:
        write_table(config.results.output, table)
        print(f"{len(table)} predictions are in {config.results.output}")


def _file_key(path: str) -> FileKey:
    status = os.stat(path)
    return FileKey(os.path.abspath(path), status.st_size, status.st_mtime_ns)
