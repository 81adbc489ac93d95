"""The one way in which a verb is done, from the command line or from Python: its check, then its run.

Nothing heavy is imported before the check.
"""

import contextlib
import os
from collections.abc import Sequence
from typing import Any, NamedTuple

from retrain.commands import COMMANDS
from retrain.commands.addressed_run import on_this_machine
from retrain.commands.module_check import log_embedded, named_in_full
from retrain.decoder_noise import decoders_held
from retrain.extensions import named
from retrain.quiet import quietly_named, set_environment
from retrain.runs.claim import claimed
from retrain.runs.run import Run
from retrain.settings.config import Config, read_by
from retrain.system_errors import refusals_told


class Performed(NamedTuple):
    """What a verb was given, parsed; and what its run returned."""

    plan: Any
    result: Any


def perform(verb: str, config: Config, words: Sequence[str] = (), run: str | None = None) -> Performed:
    """Does the verb with checked settings, in its directory if it has one; InputError for what cannot work.

    `words` stand behind the flags. `run` is "package.module:function", (plan) -> what it makes, if not the
    verb's own.
    """
    set_environment()
    with on_this_machine(config) as here:
        return _performed(verb, here, words, run)


def _performed(verb: str, config: Config, words: Sequence[str], run: str | None) -> Performed:
    row = COMMANDS[verb]
    full = named_in_full(config) if "tfhub_module" in read_by(verb) else config
    with refusals_told(os.curdir):
        plan = named(row.check)(full, words)
    if full != config:
        log_embedded()
    with refusals_told(str(plan.run or config.results.output or os.curdir)), _claimed(plan.run, row.shared):
        is_quick = bool(row.quick) and run is None and plan.is_quick
        run_plan = (quietly_named if row.computes and not is_quick else named)(
            row.quick if is_quick else run or row.run
        )
        try:
            with decoders_held():
                return Performed(plan, run_plan(plan))
        except KeyboardInterrupt as interrupt:
            if row.goes_on:
                interrupt.add_note(plan.run.how_to_go_on())
            raise


def _claimed(run: Run | None, shared: bool) -> contextlib.AbstractContextManager[None]:
    return contextlib.nullcontext() if run is None or run.is_others else claimed(run, shared)
