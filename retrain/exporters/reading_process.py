"""A process of its own in which exports are read again: nothing that made them is there to help them.

It loads what the formats are read with while other things are done, and reads one while the next is written.
"""

import contextlib
import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from multiprocessing.connection import Connection
from typing import BinaryIO, NamedTuple

import numpy as np

from retrain.causes import cause_of
from retrain.errors import InputError
from retrain.exporters import EXPORTERS, Answers, answers_of
from retrain.extensions import named
from retrain.quiet import import_tensorflow, no_garbage_looked_for, set_environment

BATCH_SIZE = 16

# Answers [N, ...] by key, once they are there; InputError where the export cannot be read, or computed.
Answered = Callable[[], dict[str, np.ndarray]]


class ReadingProcess(NamedTuple):
    """Runs exports on images that it is given before; made by `reading_process`.

    The files have no names: nothing is left of them, however either process ends.
    """

    process: subprocess.Popen
    connection: Connection
    images: BinaryIO
    log: BinaryIO

    def give(self, images: np.ndarray) -> None:
        """The images float32 [N, H, W, 3] in [0, 1], in place of others."""
        self.images.seek(0)
        np.save(self.images, images)
        self.images.flush()

    def ask(self, name: str, directory: str) -> Answered:
        """What the export of this format makes of the images: asked for now, and waited for when it is
        called, in the order of what was asked."""
        with contextlib.suppress(OSError):  # of a process that has ended, which who waits for it is told
            self.connection.send((name, os.path.abspath(directory)))
        return self._answer

    def _answer(self) -> dict[str, np.ndarray]:
        try:
            answer = self.connection.recv()
        except (EOFError, OSError) as error:
            status = self.process.wait()
            self.log.seek(0)
            said = self.log.read().decode(errors="replace").strip().splitlines()
            words = f": {said[-1].strip()}" if said else ""
            raise InputError(f"the process that reads it again ended with status {status}{words}") from error
        if isinstance(answer, str):
            raise InputError(answer)
        return answer


@contextlib.contextmanager
def reading_process(formats: Sequence[str]) -> Iterator[ReadingProcess | None]:
    """The process, which begins by loading what these formats are read with; None for none."""
    if not formats:
        yield None
        return
    here, there = multiprocessing.Pipe()
    with here, tempfile.TemporaryFile() as images, tempfile.TemporaryFile() as log:
        given = [there.fileno(), images.fileno()]
        with there:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", __name__, *map(str, given), *formats],
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=given,
            )
        try:
            yield ReadingProcess(process, here, images, log)
        finally:
            process.kill()
            process.wait()


def in_batches(answers: Answers, images: np.ndarray) -> dict[str, np.ndarray]:
    """The answers for one image or more, a few at a time: many large ones need much memory."""
    rows = [answers(images[start : start + BATCH_SIZE]) for start in range(0, len(images), BATCH_SIZE)]
    return {key: np.concatenate([row[key] for row in rows]) for key in rows[0]}


def _environment() -> Mapping[str, str]:
    """Modules are found where this process finds them; accelerators are left to it."""
    path = os.pathsep.join(os.path.abspath(place) for place in sys.path)
    return {**os.environ, "PYTHONPATH": path, "CUDA_VISIBLE_DEVICES": "-1"}


def main(connection: Connection, images: BinaryIO, formats: Sequence[str]) -> None:
    """Answers until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asks, which ends this one
    set_environment()
    with no_garbage_looked_for():
        import_tensorflow()
        for name in formats:
            named(EXPORTERS[name].read)
    gc.freeze()  # to look for garbage in all that, again and again, is half of reading a SavedModel
    with contextlib.suppress(EOFError):
        while True:
            name, directory = connection.recv()
            images.seek(0)
            connection.send(_read(name, directory, np.load(images)))


def _read(name: str, directory: str, images: np.ndarray) -> dict[str, np.ndarray] | str:
    """The answers; why there are none, in a sentence."""
    try:
        return in_batches(answers_of(name, directory), images)
    except Exception as error:  # whatever a format's library makes of a file
        return cause_of(error)


if __name__ == "__main__":
    # Not buffered, for what is given next would not be seen.
    main(Connection(int(sys.argv[1])), os.fdopen(int(sys.argv[2]), "rb", buffering=0), sys.argv[3:])
