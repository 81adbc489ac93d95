"""The plots of a run's page."""

import itertools
from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from retrain.extensions import named
from retrain.report.svg import plot
from retrain.training.events import Curve

BLUE, ORANGE, GREY = "#3b6fd4", "#e2580c", "#8a93a6"
TASKS = (BLUE, ORANGE, "#2a9d6f", "#9b5fc0", "#b08900")  # the colours of their curves
TRAINING = "training"  # how the names of its curves begin
FROM_NOTHING = LinearSegmentedColormap.from_list("blue", [(0.23, 0.44, 0.83, 0.0), (0.23, 0.44, 0.83, 1.0)])
BINS, FEWEST = 10, 10  # of the reliability diagram at most; images in each at least
NUMBERED = 20  # classes, up to which the cells of a confusion matrix have their counts
CURVES = 12  # classes whose curves are drawn
NAMED = 18  # curves of learning that are named


@plot
def confusion_matrix(figure: Figure, counts: Sequence[Sequence[int]], names: Sequence[str]) -> None:
    """Counts [C, C], rows are labels; shares of a row as the depth of blue."""
    matrix, size = np.asarray(counts), len(names)
    inches = float(np.clip(1.6 + 0.34 * size, 3.2, 10.0))
    figure.set_size_inches(inches, inches)
    axes = figure.subplots()
    axes.imshow(matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1), FROM_NOTHING, vmin=0.0, vmax=1.0)
    small = float(np.clip(420 / max(size, 1), 4.0, 9.0))
    axes.set_xticks(range(size), [_shortened(name) for name in names], rotation=90, fontsize=small)
    axes.set_yticks(range(size), [_shortened(name) for name in names], fontsize=small)
    axes.set(xlabel="predicted", ylabel="label")
    axes.tick_params(length=0)
    if size <= NUMBERED:
        for row, column in zip(*np.nonzero(matrix), strict=True):
            axes.text(column, row, str(matrix[row, column]), ha="center", va="center", fontsize=small)


@plot
def reliability(figure: Figure, by_name: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> None:
    """Of each name how sure, [M] in [0, 1], and whether right, [M]: what is said, and how often it is so."""
    figure.set_size_inches(3.6, 3.4)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1)
    colours = (GREY, BLUE)[-len(by_name) :]  # the last is what counts
    for (name, (sure, right)), colour in zip(by_name.items(), colours, strict=True):
        # As many images in each: of fewer, how often they are right says nothing.
        bins = np.array_split(np.argsort(sure, kind="stable"), np.clip(len(sure) // FEWEST, 1, BINS))
        said, so = ([values[rows].mean() for rows in bins] for values in (sure, right))
        axes.plot(said, so, color=colour, marker="o", markersize=4, linewidth=1.2, label=name)
    axes.set(xlabel="how sure", ylabel="how often right", xlim=(0, 1.02), ylim=(0, 1.02))
    axes.legend(loc="upper left")


@plot
def precision_recall(figure: Figure, by_class: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> None:
    """Of each class whether it is there, bool [M], and its probability [M]; at the left by recall."""
    figure.set_size_inches(7.4, 3.2)
    recall, threshold = figure.subplots(1, 2)
    curve = named("sklearn.metrics:precision_recall_curve")  # takes a second, and few reports have one
    for number, (name, (there, scores)) in enumerate([*by_class.items()][:CURVES]):
        precisions, recalls, thresholds = curve(there, scores)
        colour = matplotlib.colormaps["tab20"](number % 20)
        recall.step(recalls, precisions, color=colour, where="post", label=_shortened(name))
        sums = np.maximum(precisions + recalls, 1e-9)
        threshold.plot(thresholds, (2 * precisions * recalls / sums)[:-1], color=colour)
    recall.set(xlabel="recall", ylabel="precision", xlim=(0, 1.02), ylim=(0, 1.05))
    threshold.set(xlabel="threshold", ylabel="F1", xlim=(0, 1), ylim=(0, 1.05))
    figure.legend(*recall.get_legend_handles_labels(), loc="outside right center", fontsize=8)


@plot
def learning_curves(figure: Figure, curves: Mapping[str, Mapping[str, Curve]]) -> None:
    """Axis -> curve -> steps and values; what the lines are stands once beside them."""
    figure.set_size_inches(3.7 * len(curves) + 1.4, 2.8)
    for axes, (title, lines) in zip(np.ravel(figure.subplots(1, len(curves))), curves.items(), strict=True):
        _curves(axes, title, lines)
    figure.legend(*_legend(figure), loc="outside right center", fontsize=8)


def _legend(figure: Figure) -> tuple[list[Artist], list[str]]:
    """Each name once, whichever axes have it, as far as there is room for them."""
    lines = {line.get_label(): line for axes in figure.axes for line in axes.get_lines()}
    return list(lines.values())[:NAMED], list(lines)[:NAMED]


def _curves(axes: Axes, title: str, lines: Mapping[str, Curve]) -> None:
    """A colour for each task; training is dashed."""
    tasks = dict.fromkeys(name.partition("/")[2] for name in lines)
    colours = dict(zip(tasks, itertools.cycle(TASKS)))
    for name, (steps, values) in lines.items():
        split, _, task = name.partition("/")
        marker, style = "." if len(steps) < 40 else "", "--" if split == TRAINING else "-"
        axes.plot(steps, values, style, color=colours[task], marker=marker, label=name)
    axes.set(xlabel="step", title=title)
    axes.grid(alpha=0.2)


def _shortened(name: str, most: int = 24) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"
