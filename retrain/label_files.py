"""The files that hold the classes of a task, one a line, line = index: known without TensorFlow.

`labels.txt` is that of the first task, `labels.TASK.txt` that of another, by its plain name.
"""

import pathlib
from collections.abc import Iterable

from retrain.plain_name import plain_name

LABELS = "labels.txt"


def labels_file(tasks: Iterable[str], task: str) -> str:
    """The name of the file of one of the tasks."""
    return LABELS if task == next(iter(tasks)) else _of_task(task)


def labels_text(class_names: Iterable[str]) -> str:
    """The content."""
    return "".join(f"{name}\n" for name in class_names)


def read_labels(directory: pathlib.Path, task: str = "") -> tuple[str, ...]:
    """The classes of a task, where it has a file of its own, else of the first; none without a file."""
    own = directory / _of_task(task)
    path = own if own.is_file() else directory / LABELS
    return tuple(path.read_text("utf-8", "replace").splitlines()) if path.is_file() else ()


def _of_task(task: str) -> str:
    return f"labels.{plain_name(task)}.txt"
