"""The one way in which a verb is done, from the command line or from Python: its check, then its run.

Nothing heavy is imported before the check.
"""

import contextlib
import importlib
import os
import tempfile
from collections.abc import Sequence
from typing import Any, NamedTuple

from retrain.commands import COMMANDS
from retrain.commands.module_check import log_embedded, named_in_full
from retrain.extensions import named
from retrain.files import writing
from retrain.quiet import native_stderr_held
from retrain.runs.claim import claimed
from retrain.runs.run import Run
from retrain.settings.config import Config, read_by


class Performed(NamedTuple):
    """What a verb was given, parsed; and what its run returned."""

    plan: Any
    result: Any


def perform(verb: str, config: Config, words: Sequence[str] = (), run: str | None = None) -> Performed:
    """Does the verb with checked settings, in its directory if it has one; InputError for what cannot work.

    `words` stand behind the flags. `run` is "package.module:function", (plan) -> what it makes, if not the
    verb's own.
    """
    _set_environment()
    row, full = COMMANDS[verb], config
    if "tfhub_module" in read_by(verb):
        full = named_in_full(config)
    plan = named(row.check)(full, words)
    if full != config:
        log_embedded()
    with writing(str(plan.run or config.results.output or os.curdir)), _claimed(plan.run, row.shared):
        with native_stderr_held():
            run_plan = named(run or row.run)
            # Whether there are GPUs is asked now, because the answer is written to stderr, too.
            importlib.import_module("tensorflow").config.list_physical_devices()
        try:
            return Performed(plan, run_plan(plan))
        except KeyboardInterrupt as interrupt:
            if row.goes_on:
                interrupt.add_note(plan.run.how_to_go_on())
            raise


def _set_environment() -> None:
    """What TensorFlow and Keras read once, when they are imported."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    if not os.path.isabs(os.path.expanduser("~")):  # of whom no home is known, Keras would make a folder "~"
        os.environ.setdefault("KERAS_HOME", os.path.join(tempfile.gettempdir(), "keras"))


def _claimed(run: Run | None, shared: bool) -> contextlib.AbstractContextManager[None]:
    return contextlib.nullcontext() if run is None else claimed(run, shared)
