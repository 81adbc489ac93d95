"""Command lines in children of a process that has imported TensorFlow, but never used it: each saves 5 s.

TensorFlow starts its threads when it first computes, which only the children do; so a fork is as good as a
new process, but for the moments of the import itself.
"""

import os
import pathlib
import sys
import traceback
from collections.abc import Callable, Sequence

from retrain.__main__ import main
from retrain.commands import COMMANDS
from retrain.exporters import EXPORTERS
from retrain.extensions import named
from retrain.quiet import set_environment
from retrain.report import ARTEFACTS
from retrain.studies import storage


def import_all() -> None:
    """What the verbs import, but for the server."""
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    set_environment()
    for verb, row in COMMANDS.items():
        for dotted in (row.check, row.run) if verb != "serve" else ():
            named(dotted)
    for row in (*ARTEFACTS.values(), *EXPORTERS.values()):
        named(row.write)


def shorten_heartbeats() -> None:
    """So that a sweep that was killed does not wait 40 s for signs of life of its own former self."""
    storage.HEARTBEAT, storage.GRACE = 1, 2


def forked(act: Callable[[], int], log: pathlib.Path) -> int:
    """The process that does this, ends with what it returns, or 1 and a traceback, and writes to `log`."""
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        descriptor = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        status = act()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(status)


def commanded(words: Sequence[str], log: pathlib.Path) -> int:
    """The process that does what these words after `python -m retrain` say."""
    return forked(lambda: main(["retrain", *words]), log)


def status_of(pid: int) -> int:
    """How it ended, when it has: minus the signal's number where one killed it."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
