"""Which paths are addresses that TensorFlow reads as if they were paths: gs:// (Google Cloud Storage), ram://.

TensorFlow is imported where there is such an address, and else in its time.
"""

import concurrent.futures
import functools
import importlib
import os
import re
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import TypeVar

FILE_SYSTEMS = ("gs", "ram")  # TensorFlow's own; ram:// is memory of the process
AT_ONCE = 32  # questions to a service that takes tens of milliseconds for each
READER = "retrain.gfile"
QUIET = "retrain.quiet"

_ADDRESS = re.compile(rf"({'|'.join(FILE_SYSTEMS)})://")
Value = TypeVar("Value")


def is_address(path: str) -> bool:
    """Whether TensorFlow reads it, and Python does not."""
    return _ADDRESS.match(path) is not None


@functools.cache
def reader() -> ModuleType:
    """`retrain.gfile`, which has functions for files and folders at addresses."""
    quiet = importlib.import_module(QUIET)
    quiet.set_environment()
    return quiet.quietly_named(f"{READER}:FILES")


def absolute(path: str) -> str:
    """The path from any folder; an address is one."""
    return path if is_address(path) else os.path.abspath(path)


def parent_and_name(path: str) -> tuple[str, str]:
    """What a path is joined of, from any folder."""
    if not is_address(path):
        return os.path.split(os.path.abspath(path))
    parent, slash, name = path.rstrip("/").rpartition("/")
    return parent + slash, name


def of_each(function: Callable[[str], Value], paths: Iterable[str]) -> list[Value]:
    """What it gives of each path, in order; of addresses it is asked of many at once."""
    paths = list(paths)
    if not any(map(is_address, paths[:1])):
        return list(map(function, paths))
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as threads:
        return list(threads.map(function, paths))
