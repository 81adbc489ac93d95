"""A run at an address: made in a directory on this machine, whose files are copied when they are finished.

Every file of a run but its logs of events is written beside and renamed, so that what has its name is whole.
A run that is there already is fetched first, and goes on. What was copied is noted beside the directory, by
which it is known whether another machine has been at work there meanwhile.
"""

import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import threading
from collections.abc import Iterator

from absl import logging

from retrain.addresses import reader
from retrain.errors import InputError
from retrain.files import PARTIAL, read_json, write_text
from retrain.folders import exists
from retrain.runs.run import NO_RUN, RUN_FLAGS

SECONDS = 60.0  # between two looks at what has been finished

Files = dict[str, tuple[int, int]]  # by path from the directory: bytes, and time of change in nanoseconds


class CopiedRun:
    """The run at `address`, as it is in a directory below `cache`."""

    def __init__(self, address: str, cache: pathlib.Path):
        self.address = address.rstrip("/")
        name = f"{self.address.rpartition('/')[2]}-{hashlib.sha256(self.address.encode()).hexdigest()[:8]}"
        self.directory = cache / "runs" / name
        self._note = cache / "runs" / f"{name}.json"
        self._copied: Files = {}
        self._one_copies = threading.Lock()

    def fetch(self) -> None:
        """Makes the directory what is at the address; InputError for what is no run, or two that differ."""
        there = self._there()
        strange = [name for name in there if not NO_RUN.fullmatch(name)]
        if strange and RUN_FLAGS not in there:
            raise InputError(
                f"--model_dir={self.address!r} holds files of no run, such as {strange[0]!r}, and nothing is "
                "put among them: name a new directory."
            )
        self._copied = {name: tuple(known) for name, known in self._noted().items()}
        here = self._here()
        others = any(size not in _sizes(name, here, self._copied) for name, (size, _) in there.items())
        if others or any(name in self._copied and name not in there for name in here):
            if any(here[name] != self._copied.get(name) for name in here):
                raise InputError(
                    f"--model_dir={self.address!r} was changed by another machine, and its copy on this one, "
                    f"{str(self.directory)!r}, by this one, since they were the same: remove one of them."
                )
            shutil.rmtree(self.directory, ignore_errors=True)
            here, self._copied = {}, {}
        for name in there.keys() - here.keys():
            reader().copy(f"{self.address}/{name}", str(self.directory / name))
            self._has_copied(name, _known(self.directory / name))

    def copy(self) -> None:
        """Copies what has been finished or changed since, the oldest first; what is gone here goes there."""
        with self._one_copies:
            here = self._here()
            for name in sorted(here, key=lambda name: here[name][1]):
                if self._copied.get(name) != here[name]:
                    reader().copy(str(self.directory / name), f"{self.address}/{name}")
                    self._has_copied(name, here[name])
            # Where all is gone, somebody has emptied the cache.
            for name in self._copied.keys() - here.keys() if RUN_FLAGS in here else ():
                with contextlib.suppress(FileNotFoundError):
                    reader().remove(f"{self.address}/{name}")
                self._has_copied(name, None)

    def _there(self) -> Files:
        found = reader().files_below(self.address) if exists(self.address) else {}
        return {name: known for name, known in found.items() if not name.endswith(PARTIAL)}

    def _here(self) -> Files:
        found = {}
        for path in self.directory.rglob("*"):
            name = path.relative_to(self.directory)
            if not any(part.endswith(PARTIAL) for part in name.parts):
                with contextlib.suppress(FileNotFoundError):  # removed meanwhile
                    if path.is_file():
                        found[name.as_posix()] = _known(path)
        return found

    def _noted(self) -> Files:
        return read_json(self._note) if self._note.is_file() else {}

    def _has_copied(self, name: str, known: tuple[int, int] | None) -> None:
        if known is None:
            del self._copied[name]
        else:
            self._copied[name] = known
        write_text(self._note, json.dumps(self._copied))


@contextlib.contextmanager
def made_here(run: CopiedRun) -> Iterator[pathlib.Path]:
    """Yields the directory in which the run at an address is made, and copied from time to time."""
    run.fetch()
    ended = threading.Event()
    copying = threading.Thread(target=_copy_at_times, args=(run, ended), daemon=True)
    copying.start()
    try:
        yield run.directory
    except BaseException:
        _copy_or_tell(run)
        raise
    finally:
        ended.set()
        copying.join()
    run.copy()
    if run.directory.is_dir():
        logging.info("All of it has been copied to %s.", run.address)


def _copy_at_times(run: CopiedRun, ended: threading.Event) -> None:
    while not ended.wait(SECONDS):
        _copy_or_tell(run)


def _copy_or_tell(run: CopiedRun) -> None:
    """A service that does not answer now may do so in a minute."""
    try:
        run.copy()
    except OSError as error:
        logging.warning("%s could not be written to now (%s).", run.address, error.strerror)


def _known(path: pathlib.Path) -> tuple[int, int]:
    status = os.stat(path)
    return status.st_size, status.st_mtime_ns


def _sizes(name: str, *files: Files) -> set[int]:
    return {known[name][0] for known in files if name in known}
