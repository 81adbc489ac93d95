"""The last lines of a run: the result, where things are, what to do next."""

import os
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

HARDEST = 3  # classes that are named as those with the lowest F1


def training_summary(figures: Mapping[str, Mapping[str, Any]], run: str, exports: Sequence[str]) -> str:
    """What `train` prints; the last figure is of test, or of validation where nothing was kept for a test."""
    lines = [""]
    if not figures:
        lines.append("No images were kept for validation or test: there is no accuracy to give.")
    for split in ("validation", "test"):
        if split in figures:
            lines.append(accuracy_line(f"{split} accuracy", figures[split]))
    written = ["predictions.png", "predictions.csv", "metrics.json", *_names(exports, run)]
    lines.append(f"Everything is in {run}: {', '.join(written)}")
    lines.append(f"Next: python -m retrain predict --tfhub_module={shlex.quote(exports[0])} PICTURE.jpg")
    return "\n".join(lines)


def evaluation_summary(figures: Mapping[str, Any], run: str) -> str:
    """What `evaluate` prints."""
    lines = ["", accuracy_line("accuracy", figures)]
    if "top_5_accuracy" in figures:
        lines.append(f"Top-5 accuracy {figures['top_5_accuracy']:.1%}")
    lines.append(f"Everything is in {run}: metrics.json, predictions.csv")
    return "\n".join(lines)


def accuracy_line(name: str, figures: Mapping[str, Any]) -> str:
    """One line: accuracy, its interval, the count, and the classes that are hardest."""
    low, high = figures["accuracy_interval"]
    classes = sorted(figures["classes"].items(), key=lambda item: item[1]["f1"])
    hardest = [f"{label} {of['f1']:.2f}" for label, of in classes if of["count"] and of["f1"] < 1][:HARDEST]
    return (
        f"{name.capitalize()} {figures['accuracy']:.1%} ({low:.1%} to {high:.1%}, "
        f"{figures['count']} images)" + (f"; lowest F1: {', '.join(hardest)}" if hardest else "")
    )


def _names(exports: Sequence[str], run: str) -> list[str]:
    return [os.path.relpath(export, run) for export in exports]
