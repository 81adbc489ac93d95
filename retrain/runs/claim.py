"""A run's directory while a process works in it: made, and kept from others by a lock that dies with it."""

import contextlib
import fcntl
import itertools
import os
import pathlib
import time
from collections.abc import Iterator

from retrain.errors import InputError
from retrain.runs.run import Run
from retrain.system_errors import writing


@contextlib.contextmanager
def claimed(run: Run, shared: bool = False) -> Iterator[None]:
    """Makes the directory and keeps other runs out; an empty one does not stay.

    In one that is `shared` many work at once, and it is noted whether others do. A run whose name was made
    here takes the next that is free.
    """
    with writing(run.path):
        made = _made(run, shared)
    with _joined(run) if shared else _locked(run.path):
        try:
            yield
        finally:
            if made:
                with contextlib.suppress(OSError):
                    run.path.rmdir()


def _made(run: Run, shared: bool) -> bool:
    """Whether the directory was not there before."""
    if run.path.is_dir() and not run.is_default:
        return False
    name = run.path.name
    for count in itertools.count(2):
        try:
            os.makedirs(run.path, exist_ok=shared)
        except FileExistsError:
            if not os.path.isdir(run.path):
                raise
            if not run.is_default:
                raise _taken(run) from None
            run.path = run.path.with_name(f"{name}-{count}")
        else:
            return True
    raise AssertionError("itertools.count does not end")


def _taken(run: Run) -> InputError:
    return InputError(
        f"Another run, started just now, writes to {str(run)!r}: start again, or name a --model_dir."
    )


@contextlib.contextmanager
def _joined(run: Run) -> Iterator[None]:
    descriptor = os.open(run.path, os.O_RDONLY)
    try:
        run.alone_since = _time_alone(descriptor)
        yield
    finally:
        os.close(descriptor)


def _time_alone(descriptor: int) -> float | None:
    """When no other process held a lock that others may hold, too, as this one does from then on."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        alone_since = time.time()
    except BlockingIOError:
        alone_since = None
    except OSError:  # a file system without locks, as some network ones are
        return None
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return alone_since


@contextlib.contextmanager
def _locked(directory: pathlib.Path) -> Iterator[None]:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise InputError(
            f"Another run is at work in --model_dir={str(directory)!r}: wait for its end, or name a new "
            f"directory."
        ) from None
    except OSError:  # a file system without locks, as some network ones are
        pass
    try:
        yield
    finally:
        os.close(descriptor)
