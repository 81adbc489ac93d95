"""The last lines of a run: the result, where things are, what to do next."""

import os
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from retrain.heads.head import Head

WRITTEN = ("predictions.png", "predictions.csv", "metrics.json", "label_issues.csv")


def training_summary(
    figures: Mapping[str, Mapping[str, Any]], heads: Mapping[str, Head], run: str, exports: Sequence[str]
) -> str:
    """What `train` prints; the last figure is of test, or of validation where nothing was kept for a test."""
    lines = [""]
    if not figures:
        lines.append("No images were kept for validation or test: there is no accuracy to give.")
    for split in ("validation", "test"):
        if split in figures:
            lines += _lines(split, figures[split], heads)
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
    """A line for each task that has figures, in the words of its head."""
    lines = []
    for task, head in heads.items():
        suffix, name = (f"/{task}", task) if len(heads) > 1 else ("", "")
        own = {key.removesuffix(suffix): value for key, value in figures.items() if key.endswith(suffix)}
        if "average_loss" in own:
            lines.append(head.headline(own, split, name))
    return lines


def _names(exports: Sequence[str], run: str) -> list[str]:
    return [os.path.relpath(export, run) for export in exports]
