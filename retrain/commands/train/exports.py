"""The exports at the end of a run. One that cannot be written costs itself only: figures are on the disk."""

import json
import time
from collections.abc import Sequence

from absl import logging

from retrain.export import exporter
from retrain.model import ImageClassifier
from retrain.runs.run import EXPORTS, Run


def write_exports(model: ImageClassifier, run: Run, formats: Sequence[str]) -> list[str]:
    """The directories of those that were written; exports.json, with which the run ends, names all."""
    reasons = {name: _export(model, run, name) for name in formats}
    written = [name for name, reason in reasons.items() if not reason]
    failed = {name: reason for name, reason in reasons.items() if reason}
    content = {"written": written, "failed": failed}
    run.write(EXPORTS, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    return [run.export(name) for name in written]


def _export(model: ImageClassifier, run: Run, name: str) -> str:
    """Why it cannot be written, in a sentence; empty when it was."""
    start = time.monotonic()
    try:
        exporter(name)(model, run.export(name))
    except Exception as error:  # whatever an exporter, or TensorFlow, makes of a model: the run is worth more
        reason = next(iter(str(error).splitlines()), "") or type(error).__name__
        logging.warning("The format %s cannot be written, and is left out: %s", name, reason)
        logging.debug("How it came to this:", exc_info=True)
        return reason
    logging.info("Exported %s in %.1f s.", name, time.monotonic() - start)
    return ""
