"""The last lines of a run: the result, where things are, what to do next."""

import os
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from retrain.heads.head import Head

WRITTEN = ("predictions.png", "predictions.csv", "metrics.json", "label_issues.csv")
HARDEST = 3  # classes that are named as those with the lowest F1


def training_summary(
    figures: Mapping[str, Mapping[str, Any]], heads: Mapping[str, Head], run: str, exports: Sequence[str]
) -> str:
    """What `train` prints; the last figure is of test, or of validation where nothing was kept for a test."""
    lines = [""]
    if not figures:
        lines.append("No images were kept for validation or test: there is no accuracy to give.")
    for split in ("validation", "test"):
        if split in figures:
            lines += _lines(f"{split} ", figures[split], heads)
    written = [*WRITTEN, *_names(exports, run)]
    lines.append(f"Everything is in {run}: {', '.join(written)}")
    lines.append(f"Next: python -m retrain predict --tfhub_module={shlex.quote(exports[0])} PICTURE.jpg")
    return "\n".join(lines)


def evaluation_summary(figures: Mapping[str, Any], heads: Mapping[str, Head], run: str) -> str:
    """What `evaluate` prints."""
    lines = ["", *_lines("", figures, heads)]
    if "top_5_accuracy" in figures:
        lines.append(f"Top-5 accuracy {figures['top_5_accuracy']:.1%}")
    lines.append(f"Everything is in {run}: metrics.json, predictions.csv")
    return "\n".join(lines)


def _lines(split: str, figures: Mapping[str, Any], heads: Mapping[str, Head]) -> list[str]:
    """A line for each task that has figures, of those that its head is judged by."""
    lines = []
    for task, head in heads.items():
        suffix, of_task = (f"/{task}", f" of {task}") if len(heads) > 1 else ("", "")
        if f"accuracy{suffix}" in figures:
            own = {key.removesuffix(suffix): value for key, value in figures.items() if key.endswith(suffix)}
            line = accuracy_line(f"{split}{head.headlines['accuracy']}{of_task}", own)
            others = {key: name for key, name in head.headlines.items() if key != "accuracy"}
            lines.append("; ".join([line, *(f"{name} {own[key]:.1%}" for key, name in others.items())]))
    return lines


def accuracy_line(name: str, figures: Mapping[str, Any]) -> str:
    """One line: accuracy, its interval, the count, and the classes that are hardest."""
    low, high = figures["accuracy_interval"]
    classes = sorted(figures["classes"].items(), key=lambda item: item[1]["f1"])
    hardest = [f"{label} {of['f1']:.2f}" for label, of in classes if of["count"] and of["f1"] < 1][:HARDEST]
    return (
        f"{name[0].upper()}{name[1:]} {figures['accuracy']:.1%} ({low:.1%} to {high:.1%}, "
        f"{figures['count']} images)" + (f"; lowest F1: {', '.join(hardest)}" if hardest else "")
    )


def _names(exports: Sequence[str], run: str) -> list[str]:
    return [os.path.relpath(export, run) for export in exports]
