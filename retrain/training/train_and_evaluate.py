"""Training with evaluations along the way, and exporters that act on them, as tf.estimator had them."""

import pathlib
import shutil
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from retrain.training.estimator import Estimator, InputFn
from retrain.training.evaluation import Figures

EXPORTS_KEPT = 5


class Exporter(Protocol):
    """What is done after an evaluation; its exports go to model_dir/export/`name`."""

    name: str

    def export(
        self, estimator: Estimator, export_path: str, figures: Figures, is_the_final_export: bool
    ) -> str | None:
        """Returns the directory it wrote, if it did."""


class TrainSpec(NamedTuple):
    """What to train on, and how far; `max_steps` None goes on until the input ends."""

    input_fn: InputFn
    max_steps: int | None = None


class EvalSpec(NamedTuple):
    """What to evaluate on, wholly, each time; names of exporters must differ."""

    input_fn: InputFn
    name: str | None = None
    exporters: Sequence[Exporter] = ()
    every_steps: int = 1000


def train_and_evaluate(
    estimator: Estimator, train_spec: TrainSpec, eval_spec: EvalSpec
) -> tuple[Figures, list[str | None]]:
    """Trains to the end, evaluating every `every_steps` and at the end; the last figures and exports."""
    names = [exporter.name for exporter in eval_spec.exporters]
    if len(set(names)) < len(names):
        raise ValueError(f"The names of exporters must differ, but are {names}.")
    while True:
        stop = _next_stop(estimator, train_spec, eval_spec)
        estimator.train(train_spec.input_fn, max_steps=stop)
        final = estimator.global_step < stop or stop == train_spec.max_steps
        figures = estimator.evaluate(eval_spec.input_fn, eval_spec.name)
        exports = [_export(exporter, estimator, figures, final) for exporter in eval_spec.exporters]
        if final:
            return figures, exports


def _next_stop(estimator: Estimator, train_spec: TrainSpec, eval_spec: EvalSpec) -> int:
    stop = estimator.global_step + eval_spec.every_steps
    return stop if train_spec.max_steps is None else min(stop, train_spec.max_steps)


def _export(exporter: Exporter, estimator: Estimator, figures: Figures, final: bool) -> str | None:
    return exporter.export(estimator, str(estimator.model_dir / "export" / exporter.name), figures, final)


class LatestExporter:
    """Exports after every evaluation, and keeps the newest few."""

    def __init__(self, name: str = "latest", exports_to_keep: int | None = EXPORTS_KEPT):
        self.name, self.exports_to_keep = name, exports_to_keep

    def export(
        self, estimator: Estimator, export_path: str, figures: Figures, is_the_final_export: bool
    ) -> str | None:
        directory = estimator.export_saved_model(export_path)
        _keep_newest(export_path, self.exports_to_keep)
        return directory


class FinalExporter:
    """Exports once, at the end."""

    def __init__(self, name: str = "final"):
        self.name = name

    def export(
        self, estimator: Estimator, export_path: str, figures: Figures, is_the_final_export: bool
    ) -> str | None:
        return estimator.export_saved_model(export_path) if is_the_final_export else None


def loss_smaller(best: Figures, current: Figures) -> bool:
    """Whether the current figures are better than the best so far, by the loss."""
    return current["loss"] < best["loss"]


class BestExporter:
    """Exports when an evaluation is better than all before it in this process."""

    def __init__(
        self,
        name: str = "best",
        compare_fn: Callable[[Figures, Figures], bool] = loss_smaller,
        exports_to_keep: int | None = EXPORTS_KEPT,
    ):
        self.name, self.compare_fn, self.exports_to_keep = name, compare_fn, exports_to_keep
        self._best: dict[str, Any] | None = None

    def export(
        self, estimator: Estimator, export_path: str, figures: Figures, is_the_final_export: bool
    ) -> str | None:
        if self._best is not None and not self.compare_fn(self._best, figures):
            return None
        self._best = figures
        directory = estimator.export_saved_model(export_path)
        _keep_newest(export_path, self.exports_to_keep)
        return directory


def _keep_newest(export_path: str, count: int | None) -> None:
    if count is not None:
        exports = sorted(path for path in pathlib.Path(export_path).iterdir() if path.name.isdigit())
        for old in exports[: max(0, len(exports) - count)]:
            shutil.rmtree(old)
