"""Training with evaluations along the way, and exporters that act on them, as tf.estimator had them."""

import dataclasses
import inspect
import json
import pathlib
import shutil
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from retrain.errors import InputError
from retrain.files import write_text
from retrain.training.estimator import Estimator, InputFn
from retrain.training.evaluation import Figures
from retrain.training.old_arguments import explained

EXPORTS_KEPT = 5
BEST_FILE = "best.json"


class Exporter(Protocol):
    """What is done after an evaluation; its exports go to model_dir/export/`name`."""

    name: str

    def export(
        self, estimator: Estimator, export_path: str, figures: Figures, is_the_final_export: bool
    ) -> str | None:
        """Returns the directory it wrote, if it did."""


@explained
@dataclasses.dataclass(frozen=True)
class TrainSpec:
    """What to train on, and how far; `max_steps` None goes on until the input ends."""

    input_fn: InputFn
    max_steps: int | None = None


@explained
@dataclasses.dataclass(frozen=True)
class EvalSpec:
    """What to evaluate on, wholly, each time; names of exporters must differ."""

    input_fn: InputFn
    name: str | None = None
    exporters: Sequence[Exporter] = ()
    every_steps: int = 1000

    def __post_init__(self) -> None:
        _check_above_0("every_steps", self.every_steps)


def train_and_evaluate(
    estimator: Estimator, train_spec: TrainSpec, eval_spec: EvalSpec
) -> tuple[Figures, list[str | None]]:
    """Trains to the end, evaluating every `every_steps` and at the end; the last figures and exports."""
    _check_exporters(eval_spec.exporters)
    while True:
        stop = _next_stop(estimator, train_spec, eval_spec)
        estimator.train(train_spec.input_fn, max_steps=stop)
        final = estimator.global_step < stop or stop == train_spec.max_steps
        figures = estimator.evaluate(eval_spec.input_fn, eval_spec.name)
        exports = [_export(exporter, estimator, figures, final) for exporter in eval_spec.exporters]
        if final:
            return figures, exports


def _check_exporters(exporters: Any) -> None:
    if not isinstance(exporters, Sequence):
        raise InputError(f"exporters are a list, but are {exporters!r}: give [exporter].")
    names = [exporter.name for exporter in exporters]
    if len(set(names)) < len(names):
        raise InputError(f"The names of exporters must differ, but are {names}.")
    for exporter in exporters:
        if "checkpoint_path" in inspect.signature(exporter.export).parameters:
            raise InputError(
                f"The exporter {exporter.name!r} is of tf.estimator's form: here it is called as export("
                f"estimator, export_path, figures, is_the_final_export), and the estimator has the weights "
                f"that were evaluated."
            )


def _next_stop(estimator: Estimator, train_spec: TrainSpec, eval_spec: EvalSpec) -> int:
    stop = estimator.global_step + eval_spec.every_steps
    return stop if train_spec.max_steps is None else min(stop, train_spec.max_steps)


def _export(exporter: Exporter, estimator: Estimator, figures: Figures, final: bool) -> str | None:
    return exporter.export(estimator, str(estimator.model_dir / "export" / exporter.name), figures, final)


@explained
class LatestExporter:
    """Exports after every evaluation, and keeps the newest few; all of them for None."""

    def __init__(self, name: str = "latest", exports_to_keep: int | None = EXPORTS_KEPT):
        _check_above_0("exports_to_keep", exports_to_keep)
        self.name, self.exports_to_keep = name, exports_to_keep

    def export(
        self, estimator: Estimator, export_path: str, figures: Figures, is_the_final_export: bool
    ) -> str | None:
        directory = estimator.export_saved_model(export_path)
        _keep_newest(export_path, self.exports_to_keep)
        return directory


@explained
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


@explained
class BestExporter:
    """Exports when an evaluation is better than all before it, in this process or an earlier one.

    The figures of the best stand in `best.json` beside the exports, and count as long as its export is there.
    """

    def __init__(
        self,
        name: str = "best",
        compare_fn: Callable[[Figures, Figures], bool] = loss_smaller,
        exports_to_keep: int | None = EXPORTS_KEPT,
    ):
        _check_above_0("exports_to_keep", exports_to_keep)
        _check_compares(compare_fn)
        self.name, self.compare_fn, self.exports_to_keep = name, compare_fn, exports_to_keep
        self._best: Figures | None = None

    def export(
        self, estimator: Estimator, export_path: str, figures: Figures, is_the_final_export: bool
    ) -> str | None:
        best = self._best or _best(pathlib.Path(export_path))
        if best is not None and not self.compare_fn(best, figures):
            return None
        self._best = figures
        directory = estimator.export_saved_model(export_path)
        noted = {"export": pathlib.Path(directory).name, "figures": figures}
        write_text(pathlib.Path(export_path, BEST_FILE), json.dumps(noted))
        _keep_newest(export_path, self.exports_to_keep)
        return directory


def _best(exports: pathlib.Path) -> dict[str, Any] | None:
    """The figures of the best export that is there."""
    if not (exports / BEST_FILE).is_file():
        return None
    noted = json.loads((exports / BEST_FILE).read_text(encoding="utf-8"))
    return noted["figures"] if (exports / noted["export"]).is_dir() else None


def _keep_newest(export_path: str, count: int | None) -> None:
    if count is not None:
        exports = sorted(path for path in pathlib.Path(export_path).iterdir() if path.name.isdigit())
        for old in exports[: max(0, len(exports) - count)]:
            shutil.rmtree(old)


def _check_compares(compare_fn: Any) -> None:
    """Raises InputError for what takes others, such as what tf.estimator had at this place, or swaps them."""
    try:
        first = next(iter(inspect.signature(compare_fn).bind({}, {}).arguments))
    except TypeError:
        first = None
    if first in (None, "current_eval_result"):
        raise InputError(
            f"compare_fn takes two dicts of figures, those of the best evaluation and the current ones, in "
            f"this order, and says whether the current are better, but it is {compare_fn!r}."
        )


def _check_above_0(name: str, value: int | None) -> None:
    if value is not None and value <= 0:
        raise InputError(f"{name} must be above 0, but is {value}.")
