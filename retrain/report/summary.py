"""The last lines of a run: the result, where things are, what to do next."""

import os
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from retrain.data.listing import SPLITS
from retrain.exporters import MODULES
from retrain.familiarity import THRESHOLD
from retrain.heads.figure_splits import CROSS_VALIDATION
from retrain.heads.head import Head
from retrain.modules.sources.run_directory import how_to_train_again
from retrain.report import ARTEFACTS
from retrain.report.outcome import (
    CHOSEN_BY,
    FAMILIAR,
    SPLIT,
    TRAINED_ON,
    UNFAMILIAR,
    UNSEEN,
    Outcome,
    of_one_task,
)
from retrain.runs.run import Run


def training_summary(
    figures: Mapping[str, Mapping[str, Any]],
    heads: Mapping[str, Head],
    run: Run,
    exports: Sequence[str],
    notes: Sequence[str] = (),
) -> str:
    """What `train` prints; `notes` are what else is to be said of the result."""
    lines = [""]
    if not set(figures) - {CROSS_VALIDATION}:
        lines.append("No images were kept for validation or test: there is no accuracy to give.")
    for split, of_split in figures.items():
        if split != CROSS_VALIDATION:
            lines += _headlines(heads, of_split, split)
    judged = _headlines(heads, figures.get(CROSS_VALIDATION, {}), "frozen module, cross-validated:")
    lines += [f"{line}; all images, each by a head that never saw it" for line in judged]
    lines += notes
    written = [*ARTEFACTS, *(os.path.relpath(export, run.path) for export in exports)]
    lines.append(f"Everything is in {run}: {', '.join(written)}")
    if any(os.path.basename(export) in MODULES for export in exports):
        lines.append(f"Next: python -m retrain predict --tfhub_module={shlex.quote(str(run))} PICTURE.jpg")
    else:
        lines.append(f"For predict, evaluate and serve: {how_to_train_again(str(run))}")
    return "\n".join(lines)


def evaluation_summary(outcome: Outcome, run: Run, written: Sequence[str]) -> str:
    """What `evaluate` prints: figures by split where splits are given, and of images that were not seen."""
    lines, (of_all, others) = [""], (outcome.figures[SPLIT], outcome.figures.get(UNSEEN))
    by_split = {name: outcome.figures[name] for name in SPLITS if name in outcome.figures}
    for split, figures in by_split.items() or {"": of_all}.items():
        lines += _headlines(outcome.heads, figures, split)
        if "top_5_accuracy" in figures:
            lines.append(f"Top-5 accuracy {figures['top_5_accuracy']:.1%}")
    count, trained_on, chosen_by = len(outcome.examples), of_all.get(TRAINED_ON, 0), of_all.get(CHOSEN_BY, 0)
    if trained_on or chosen_by:
        validation = f", and chosen by {chosen_by} (its validation split)" if chosen_by else ""
        lines.append(
            f"The classifier was trained on {trained_on} of these {count} images{validation}: figures that "
            f"count them flatter."
        )
        left = count - trained_on - chosen_by
        if not left:
            lines.append("There are no others.")
        elif others not in by_split.values():
            lines += _headlines(
                outcome.heads, others, f"on the {left} others:" if left > 1 else "on the other one:"
            )
    lines += _of_familiar_images(outcome)
    lines.append(f"Everything is in {run}: {', '.join(written)}")
    return "\n".join(lines)


def _of_familiar_images(outcome: Outcome) -> list[str]:
    """How many images are like none that the classifier knows, and figures of the others, where some are."""
    count, unfamiliar = len(outcome.examples), outcome.figures[SPLIT].get(UNFAMILIAR)
    if unfamiliar is None:
        return []
    told = (
        f"Unfamiliar, as {THRESHOLD:.0%} of known images are: {unfamiliar} of {count} images, for which "
        f"predict --reject_unfamiliar gives no class."
    )
    familiar = outcome.figures.get(FAMILIAR, {}) if unfamiliar else {}
    return [told, *_headlines(outcome.heads, familiar, "on the familiar ones:")]


def _headlines(heads: Mapping[str, Head], figures: Mapping[str, Any], split: str = "") -> list[str]:
    """A line for each task that has figures, of those that its head is judged by."""
    lines = []
    for task, head in heads.items():
        suffix = f"/{task}" if len(heads) > 1 else ""
        own = of_one_task(figures, suffix)
        if "count" in own:
            lines.append(head.headline(own, split, task if suffix else ""))
    return lines
