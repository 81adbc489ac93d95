"""The names of the files that hold the classes of each task, one a line, line = index."""

from collections.abc import Iterable

LABELS = "labels.txt"


def labels_file(tasks: Iterable[str], task: str) -> str:
    """The file of one of the tasks: labels.txt is that of the first."""
    return LABELS if task == next(iter(tasks)) else f"labels.{task}.txt"
