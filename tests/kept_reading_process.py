"""One process that reads exports again, for all runs of a process of tests: to load TensorFlow takes long."""

import contextlib
import os
from collections.abc import Iterator, Sequence

from retrain.exporters import reading_process as module
from retrain.exporters.reading_process import ReadingProcess, reading_process

started = reading_process  # that of the program, which begins a new one
HERE = os.getpid()
_kept = contextlib.ExitStack()
_processes: list[ReadingProcess] = []


@contextlib.contextmanager
def kept(formats: Sequence[str]) -> Iterator[ReadingProcess | None]:
    """The process of earlier runs, if there is one; one whose answers were not waited for ends."""
    if not formats:
        yield None
        return
    if os.getpid() != HERE:  # a fork, which tests end at any moment
        with started(formats) as reader:
            yield reader
        return
    if not _processes:
        _processes.append(_kept.enter_context(started(formats)))
    try:
        yield _processes[0]
    except BaseException:
        _processes.clear()
        _kept.close()
        raise


def keep() -> None:
    """From now on runs in this process share one."""
    module.reading_process = kept
