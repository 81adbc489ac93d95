"""What heads over classes have in common: which labels are classes, and what is said of them.

Labels in a column may be anything; so many different ones that hardly two images share one are a text.
"""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import tensorflow as tf

from retrain.errors import InputError
from retrain.heads.head import Head, Labels

FREE_TEXT = 20  # so many labels, and most of them of one image only, are a text and no classes
SHOWN_NAMES = 3
HARDEST = 3  # classes that are named as those with the lowest F1


class ClassHead(Head):
    """A head whose `class_names` are classes, of which an example has one, or some.

    Its metrics have accuracy, accuracy_interval, expected_calibration_error, and for each of `classes` its f1
    and count.
    """

    fewest_classes = 2  # that there is something to tell apart
    # The figures by which the head is judged, as they are called in print; the first is the accuracy.
    headlines: Mapping[str, str] = MappingProxyType({"accuracy": "accuracy"})

    @property
    def chance_loss(self) -> float:
        """That of equal probabilities."""
        return math.log(max(2, self.num_classes))

    @classmethod
    def classes_in(cls, task: str, cells: Sequence[str | None]) -> list[str]:
        """All labels in the cells, sorted."""
        labels = [cls.names_in(cell) for cell in cells if cell is not None]
        names = sorted({name for of_cell in labels for name in of_cell})
        shown = ", ".join(map(repr, names[:SHOWN_NAMES])) or "none"
        if len(names) < cls.fewest_classes:
            fewest = f"{cls.fewest_classes} class{'es' if cls.fewest_classes > 1 else ''}"
            raise InputError(
                f"A {cls.kind} head needs {fewest} or more, and task {task!r} has {len(names)} ({shown}): "
                "label images of others, or name other columns with --tasks."
            )
        if len(names) > FREE_TEXT and 2 * len(names) > len(labels):
            raise InputError(
                f"Task {task!r} has {len(names)} classes ({shown}, ...) on {len(labels)} images, which is "
                f"free text rather than labels: name other columns with --tasks, or see what stands between "
                f"labels (--label_separator)."
            )
        return names

    @classmethod
    def classes_of_folders(cls, names: Sequence[str]) -> list[str]:
        """Each folder is a class, whatever lies in it; sorted."""
        for name in names:
            if cls.names_in(name) != [name]:
                raise InputError(
                    f"The class folder {name!r} has a name that a {cls.kind} head reads as several classes: "
                    f"rename it."
                )
        return sorted(names)

    def strata(self, labels: Labels) -> np.ndarray:
        """Examples with the same labels."""
        rows = np.nan_to_num(labels.reshape(len(labels), -1), nan=-1)
        return np.unique(rows, axis=0, return_inverse=True)[1].ravel()

    def of_unseen(self, labels: Labels, seen: np.ndarray) -> np.ndarray:
        """Those that have a class which none of the seen ones has."""
        there = self.targets(tf.constant(labels)).numpy() > 0.5
        return (there & ~there[seen].any(axis=0)).any(axis=1)

    def headline(self, figures: Mapping[str, Any], split: str = "", task: str = "") -> str:
        """Accuracy, its interval, the count, the classes that are hardest, and the other headlines."""
        accuracy, *others = self.headlines
        words = (split, self.headlines[accuracy], f"of {task}" if task else "")
        low, high = figures["accuracy_interval"]
        name = " ".join(filter(None, words))
        parts = [
            f"{name[0].upper()}{name[1:]} {figures[accuracy]:.1%} ({low:.1%} to {high:.1%}, "
            f"{_images(figures['count'])})",
            _hardest(figures["classes"]),
            *(f"{self.headlines[key]} {figures[key]:.1%}" for key in others),
        ]
        return "; ".join(filter(None, parts))

    def label_facts(self, labels: Sequence[str | None], trained_on: Sequence[bool]) -> dict[str, Any]:
        """Images of each class, and the classes that no image to train on has."""
        counts, trained = dict.fromkeys(self.class_names, 0), set()
        known = [pair for pair in zip(labels, trained_on, strict=True) if pair[0] is not None]
        for label, of_train in known:
            for name in self.names_in(label):
                counts[name] += 1
                trained |= {name} if of_train else set()
        return {
            "head": self.kind,
            "labelled": len(known),
            "classes": counts,
            "not_in_train": [name for name in self.class_names if name not in trained],
        }

    @classmethod
    def facts_line(cls, facts: Mapping[str, Any]) -> str:
        """How many classes and images, the extremes, and the classes that cannot be learnt."""
        counts, missing = facts["classes"], facts["not_in_train"]
        least, most = min(counts, key=counts.__getitem__), max(counts, key=counts.__getitem__)
        extremes = f"smallest {least!r} ({counts[least]}), largest {most!r} ({counts[most]})"
        if counts[least] == counts[most]:
            extremes = f"{counts[most]} each"
        some = ", ".join(map(repr, missing[:SHOWN_NAMES])) + (", ..." if len(missing) > SHOWN_NAMES else "")
        return f"{len(counts)} classes on {facts['labelled']} images; {extremes}." + (
            f" Not in train: {some}." if missing else ""
        )


def _hardest(classes: Mapping[str, Mapping[str, Any]]) -> str:
    ranked = sorted(classes.items(), key=lambda item: item[1]["f1"])
    hardest = [
        f"{label} {of['f1']:.2f} ({_images(of['count'])})"
        for label, of in ranked
        if of["count"] and of["f1"] < 1
    ][:HARDEST]
    return f"lowest F1: {', '.join(hardest)}" if hardest else ""


def _images(count: int) -> str:
    return f"{count} image" + ("" if count == 1 else "s")
