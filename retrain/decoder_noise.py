"""Keeps libraries that decode images from talking to the user: of damaged files we have sentences of our own.

libjpeg and libtiff write into C's stream stderr, from threads of TensorFlow and of Pillow alike, and Pillow
warns. Python's stderr, on which our lines and bars are, is another stream into the same file: it stays.
"""

import contextlib
import ctypes
import faulthandler
import functools
import os
import warnings
from collections.abc import Iterator
from typing import NamedTuple

from absl import logging

from retrain.errors import InputError

STDERR = 2
SHOWN = 4096  # bytes, the last of what was held


class CStream(NamedTuple):
    """C's variable stderr, what is in it at first, and a stream into memory that nobody sees."""

    variable: ctypes.c_void_p
    terminal: int
    held: int
    file: int


@contextlib.contextmanager
def decoders_held() -> Iterator[None]:
    """Within, nothing of it is shown, but at verbosity debug; the last of it after all where the body fails.

    What native code writes of an abort is held as well: Python tells then where it came about.
    """
    if logging.level_debug():
        yield
        return
    with warnings.catch_warnings(), _c_stderr_held(), _aborts_told():
        warnings.filterwarnings("ignore", module="PIL")
        yield


@contextlib.contextmanager
def _c_stderr_held() -> Iterator[None]:
    stream = _c_stderr()
    if stream is None:
        yield
        return
    os.ftruncate(stream.file, 0)
    stream.variable.value = stream.held
    try:
        yield
    except Exception as error:
        if not isinstance(error, InputError):
            os.write(STDERR, _last(stream.file))
        raise
    finally:
        stream.variable.value = stream.terminal


@functools.cache
def _c_stderr() -> CStream | None:
    """None where the C library is not GNU's, in which the variable may be set."""
    try:
        os.confstr("CS_GNU_LIBC_VERSION")
    except ValueError:
        return None
    libc, unbuffered = ctypes.CDLL(None), 2
    libc.fdopen.restype = ctypes.c_void_p
    file = os.memfd_create("decoder noise")  # for the rest of the process: a thread may be writing
    held = libc.fdopen(file, b"a")
    libc.setvbuf(ctypes.c_void_p(held), None, unbuffered, ctypes.c_size_t(0))
    variable = ctypes.c_void_p.in_dll(libc, "stderr")
    return CStream(variable, variable.value, held, file)


def _last(file: int) -> bytes:
    size = os.fstat(file).st_size
    return os.pread(file, SHOWN, max(0, size - SHOWN))


@contextlib.contextmanager
def _aborts_told() -> Iterator[None]:
    if faulthandler.is_enabled():
        yield
        return
    faulthandler.enable(STDERR)
    try:
        yield
    finally:
        faulthandler.disable()
