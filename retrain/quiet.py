"""Keeps TensorFlow's native libraries from talking to the user.

While they are loaded they write to stderr before any log level is heard (glog's "All log messages before
absl::InitializeLog()"): about oneDNN, missing CUDA drivers, CPU instructions. What was written is shown after
all when the loading fails.
"""

import contextlib
import gc
import importlib
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

from retrain.extensions import named

STDERR = 2
OF_KERAS = "keras.src.optimizers"
X86 = "x86_64", "AMD64"


def set_environment() -> None:
    """What TensorFlow and Keras read once, when they are imported."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    # By itself TensorFlow has oneDNN compute only on CPUs with instructions made for networks (AVX-512 VNNI);
    # with AVX2 alone a step of EfficientNet-Lite1 takes 1.8 times as long without it.
    if platform.machine() in X86:
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    if not os.path.isabs(os.path.expanduser("~")):  # of whom no home is known, Keras would make a folder "~"
        os.environ.setdefault("KERAS_HOME", os.path.join(tempfile.gettempdir(), "keras"))


def quietly_named(dotted_name: str) -> Any:
    """The thing that is called "package.module:attribute", whose import loads TensorFlow."""
    with native_stderr_held(), no_garbage_looked_for():
        import_tensorflow()
        found = named(dotted_name)
        # Whether there are GPUs is asked now, because the answer is written to stderr, too.
        importlib.import_module("tensorflow").config.list_physical_devices()
    return found


def import_tensorflow() -> None:
    """Without Keras, a quarter of it or more: that comes when something is Keras'.

    TensorFlow imports it last, and does without where it cannot be imported (its __init__, "an eager load").
    """
    if "tensorflow" in sys.modules:
        return
    with absent(OF_KERAS):
        importlib.import_module("tensorflow")


@contextlib.contextmanager
def absent(module: str) -> Iterator[None]:
    """Inside, importing this module fails as if it were not installed; unless it has been imported before."""
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # which Python takes for a module that is not there
    try:
        yield
    finally:
        del sys.modules[module]


@contextlib.contextmanager
def no_garbage_looked_for() -> Iterator[None]:
    """TensorFlow's import makes half a million objects, which stay: to look through them is a fifth of it."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextlib.contextmanager
def native_stderr_held() -> Iterator[None]:
    """Holds back what is written to the process's stderr, below Python's; drops it unless the body fails."""
    sys.stderr.flush()
    kept = os.dup(STDERR)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), STDERR)
        try:
            yield
        except Exception:  # not where the user ends it: nothing was wrong then
            os.dup2(kept, STDERR)
            held.seek(0)
            os.write(STDERR, held.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(kept, STDERR)
            os.close(kept)
