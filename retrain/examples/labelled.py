"""Examples that carry their labels: the one value in which data, heads and features meet.

Rows are images, in the order of the listing; a subset of them is a value of its own, in which the table, the
labels of every task and the features, once they are there, still agree.
"""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd

from retrain.addresses import absolute, of_each
from retrain.data.listing import SPLITS, Listing
from retrain.examples.hash_split import stem
from retrain.heads import head_class
from retrain.heads.head import Head, Labels
from retrain.image_files import status
from retrain.settings.data import AS_USUAL, Decoding


class TaskExamples(NamedTuple):
    """Examples that have a label of one task.

    Attributes:
      features: float32 [N, F], an array or `retrain.features.stored.StoredFeatures`.
      labels: [N, ...], as the task's head encodes them.
      weights: float32 [N], what each example counts.
    """

    features: Any
    labels: Labels
    weights: np.ndarray

    def rows(self, chosen: np.ndarray | slice) -> Self:
        """These rows only: a mask, positions, or a slice."""
        return type(self)(*(values[chosen] for values in self))


class Task(NamedTuple):
    """What one head is about.

    Attributes:
      cells: the label of each example as it is written, None where nothing is known.
      labels: [N, ...], as the head encodes them.
      known: bool [N], whether the label says anything.
      weight: of the task's loss in the sum over all.
    """

    head: Head
    cells: list[str | None]
    labels: Labels
    known: np.ndarray
    weight: float = 1.0

    def rows(self, at: np.ndarray) -> Self:
        """Of the examples at these positions."""
        cells = [self.cells[row] for row in at]
        return self._replace(cells=cells, labels=self.labels[at], known=self.known[at])


@dataclasses.dataclass(frozen=True, eq=False)
class LabelledExamples:
    """Images with the labels of each task.

    Attributes:
      image_dir: where the paths lead from.
      table: a row an image: path (POSIX), size and mtime_ns (by which a changed file is known), split
        ("train", "validation", "test", or "" while it is not decided), group (images that must share a
        split), given_group (whether the user said so), weight (what the image counts), content (hash of the
        file, "" before it was read).
      tasks: by name, the primary task first.
      features: float32 [N, F] of the same rows, an array or what stands in for one; None before the pass.
      decoding: how files become images.
    """

    image_dir: str
    table: pd.DataFrame
    tasks: Mapping[str, Task]
    features: Any = None
    decoding: Decoding = AS_USUAL

    def __len__(self) -> int:
        return len(self.table)

    @property
    def paths(self) -> list[str]:
        return self.table["path"].tolist()

    @property
    def files(self) -> list[str]:
        """Absolute paths."""
        root = absolute(self.image_dir)
        return [os.path.join(root, path) for path in self.paths]

    @property
    def groups(self) -> list[str]:
        return self.table["group"].tolist()

    @property
    def contents(self) -> list[str]:
        return self.table["content"].tolist()

    @property
    def splits(self) -> list[str]:
        return self.table["split"].tolist()

    @property
    def heads(self) -> dict[str, Head]:
        return {name: task.head for name, task in self.tasks.items()}

    @property
    def task_weights(self) -> dict[str, float]:
        return {name: task.weight for name, task in self.tasks.items()}

    def rows(self, chosen: np.ndarray | Sequence[int] | slice) -> Self:
        """These rows only, in this order: a mask, positions, or a slice."""
        at = np.arange(len(self))[chosen]
        return dataclasses.replace(
            self,
            table=self.table.iloc[at].reset_index(drop=True),
            tasks={name: task.rows(at) for name, task in self.tasks.items()},
            features=None if self.features is None else self.features[at],
        )

    def without(self, rows: np.ndarray | Sequence[int]) -> Self:
        """All but these rows: a mask, or positions."""
        kept = np.ones(len(self), bool)
        kept[np.asarray(rows, None if len(rows) else int)] = False
        return self if kept.all() else self.rows(kept)

    def split(self, name: str) -> Self:
        """The examples of a split."""
        return self.rows((self.table["split"] == name).to_numpy(bool))

    def about(self, *tasks: str) -> Self:
        """The same with these tasks alone: to choose rows of fifty takes fifty times as long as of one."""
        return dataclasses.replace(self, tasks={task: self.tasks[task] for task in tasks})

    def labelled(self, task: str) -> Self:
        """The examples that have a label of the task."""
        known = self.tasks[task].known
        return self if known.all() else self.rows(known)

    def of(self, task: str) -> TaskExamples:
        """What the head of a task is trained on, or judged by, once there are features."""
        known = self.labelled(task)
        weights = known.table["weight"].to_numpy(np.float32)
        return TaskExamples(known.features, known.tasks[task].labels, weights)

    def by_split(self, task: str) -> dict[str, TaskExamples]:
        """Of each split that has labels of the task."""
        parts = {name: self.split(name).of(task) for name in SPLITS}
        return {name: part for name, part in parts.items() if len(part.labels)}

    def with_features(self, features: Any) -> Self:
        """The same with what a module gives for each row."""
        return dataclasses.replace(self, features=features)

    def on(self, decoding: Decoding) -> Self:
        """The same, whose files become images in another way."""
        return dataclasses.replace(self, decoding=decoding)

    def with_splits(self, splits: Sequence[str]) -> Self:
        """The same with the split of each row."""
        return self._with("split", splits)

    def with_groups(self, groups: Sequence[str]) -> Self:
        """The same with the group of each row."""
        return self._with("group", groups)

    def with_contents(self, contents: Sequence[str]) -> Self:
        """The same with the hash of the content of each file."""
        return self._with("content", contents)

    def with_cells(self, task: str, cells: Sequence[str | None]) -> Self:
        """The same with other labels of a task, as they are written."""
        old = self.tasks[task]
        return dataclasses.replace(self, tasks={**self.tasks, task: encoded(old.head, cells, old.weight)})

    def corrected(self, labels: Mapping[str, Mapping[str, str]]) -> Self:
        """The same with other labels of some images: task -> path -> label, as it would be written."""
        examples = self
        for task, of_path in labels.items():
            cells = zip(self.paths, self.tasks[task].cells, strict=True)
            examples = examples.with_cells(task, [of_path.get(path, cell) for path, cell in cells])
        return examples

    def _with(self, column: str, values: Sequence[str]) -> Self:
        return dataclasses.replace(self, table=self.table.assign(**{column: list(values)}))


def encoded(head: Head, cells: Sequence[str | None], weight: float = 1.0) -> Task:
    """A task with its labels as the head takes them."""
    labels = head.encode(cells)
    return Task(head, list(cells), labels, head.labelled(labels), weight)


def heads_of(listing: Listing, kinds: Mapping[str, str]) -> dict[str, Head]:
    """The head of each task, with its classes; InputError where labels make none."""
    return {task: _head(listing, task, kind) for task, kind in kinds.items()}


def _head(listing: Listing, task: str, kind: str) -> Head:
    head, column = head_class(kind), listing.columns[task]
    if listing.class_folders:
        return head(head.classes_of_folders(column.names))
    return head(head.classes_in(task, column.cells))


def labelled_examples(
    listing: Listing, heads: Mapping[str, Head], task_weights: Mapping[str, float] = MappingProxyType({})
) -> LabelledExamples:
    """The listing's files, with what the file system knows of each, and its labels of the heads' tasks.

    A head whose task is not in the listing has none. Images of one thing, as `_nohash_` or Roboflow's `.rf.`
    in their names says, are a group, where the listing has none for them.
    """
    known = of_each(_size_and_time, [os.path.join(listing.image_dir, path) for path in listing.paths])
    groups = zip(listing.paths, listing.groups, strict=True)
    table = {
        "path": listing.paths,
        "size": [size for size, _ in known],
        "mtime_ns": [time for _, time in known],
        "split": listing.splits,
        "group": [stem(path) if group is None else group for path, group in groups],
        "given_group": [group is not None for group in listing.groups],
        "weight": listing.weights,
        "content": "",
    }
    tasks = {
        task: encoded(head, listing.columns[task].cells, task_weights.get(task, 1.0))
        for task, head in heads.items()
        if task in listing.columns
    }
    return LabelledExamples(listing.image_dir, pd.DataFrame(table), tasks)


def _size_and_time(path: str) -> tuple[int, int]:
    try:
        found = status(path)
    except OSError:  # deleted since the scan, or damaged: skipped like any file that cannot be read
        return 0, 0
    return found.size, found.mtime_ns
