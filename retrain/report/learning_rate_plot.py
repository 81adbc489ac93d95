"""The plot of the loss over the learning rate, with the one that is suggested."""

import io

import numpy as np
from matplotlib.figure import Figure

from retrain.files import write_bytes
from retrain.training.learning_rate_finder import LearningRateCurve

SIZE, DPI = (7.0, 4.2), 120  # inches, dots an inch


def write_learning_rate_plot(path: str, curve: LearningRateCurve) -> None:
    """Writes a PNG file."""
    figure = Figure(SIZE, DPI, layout="constrained")
    axes = figure.subplots()
    axes.semilogx(curve.rates, curve.losses, color="#bbbbbb", linewidth=0.8, label="loss of a step")
    axes.semilogx(curve.rates, curve.smoothed, color="#1565c0", linewidth=2.0, label="smoothed")
    axes.axvline(
        curve.suggestion, color="#2e7d32", linestyle="--", label=f"suggestion: {curve.suggestion:.2g}"
    )
    # What comes after the rise would make all before it a flat line.
    axes.set(xlabel="learning rate", ylabel="training loss", ylim=_limits(curve.smoothed))
    axes.grid(alpha=0.3)
    axes.legend()
    png = io.BytesIO()
    figure.savefig(png, format="png")
    write_bytes(path, png.getvalue())


def _limits(smoothed: np.ndarray) -> tuple[float, float]:
    least = smoothed.min()
    return least - 0.5 * abs(least), least + abs(least)
