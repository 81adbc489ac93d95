"""What a run has left in its directory, read when it is asked for."""

import functools
import os
import pathlib
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from retrain.errors import InputError
from retrain.extensions import named
from retrain.files import read_json
from retrain.runs.run import EXPORTS, METRICS, SWEEP, Run
from retrain.settings.python_words import said_in_python

if TYPE_CHECKING:  # which takes a while to import
    import pandas as pd
    from matplotlib.figure import Figure


class RunFiles:
    """The files in the directory `path`, which is what a function that takes a path takes this for.

    A file that the run has not written is an InputError when it is asked for.
    """

    def __init__(self, path: str | os.PathLike[str]):
        self.path = pathlib.Path(path).absolute()

    def __fspath__(self) -> str:
        return str(self.path)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.path)!r})"

    def _file(self, name: str) -> pathlib.Path:
        path = self.path / name
        if not path.is_file():
            raise InputError(
                f"{str(self.path)!r} holds no {name}: name the directory of a run that has ended."
            )
        return path

    def _table(self, name: str, numbers: Collection[str] | None = None) -> "pd.DataFrame":
        return named("retrain.api.run_tables:read_run_table")(self._file(name), numbers)


class Evaluation(RunFiles):
    """Figures and predictions: what `retrain.evaluate` has made, and a run of train has, too."""

    @property
    def metrics(self) -> dict[str, Any]:
        """metrics.json: by split accuracy, its 95 % interval, loss, figures of each class."""
        return read_json(self._file(METRICS))

    @property
    def predictions(self) -> "pd.DataFrame":
        """predictions.csv: a row an image; path, split, label, predicted, probability."""
        return self._table("predictions.csv", ("probability", "familiarity"))

    @property
    def confusion_matrix(self) -> "pd.DataFrame":
        """Counts of the test images, or of what is held out: rows are labels, columns what was predicted.

        Of the first task; InputError where an image has several classes of it.
        """
        return _figures("confusion_counts")(self.metrics, None, None)

    @property
    def report(self) -> str:
        """The path of report.html, which shows all of it."""
        return str(self._file("report.html"))

    def plot_confusion_matrix(self, split: str | None = None, task: str | None = None) -> "Figure":
        """As a Figure of matplotlib: of the test images, or of what is held out, and of the first task."""
        return _plots("confusion_matrix")(_figures("confusion_counts")(self.metrics, split, task))

    def plot_calibration(self, split: str | None = None, task: str | None = None) -> "Figure":
        """As a Figure: how sure the classifier is, and how often it is right."""
        return _plots("calibration")(_figures("how_sure")(self.metrics, self.predictions, split, task))

    def _repr_html_(self) -> str | None:
        """What a notebook shows of it; None, for its plain form, where nothing was measured."""
        if not (self.path / METRICS).is_file():
            return None
        return named("retrain.api.run_html:as_html")(self.path, self.metrics)


class TrainedRun(Evaluation):
    """What `retrain.train` has made and measured; `TrainedRun(path)` is any run, of the command line, too."""

    @property
    def data_report(self) -> dict[str, Any]:
        """data_report.json: what is known of the images; all that there is with dry_run=True."""
        return read_json(self._file("data_report.json"))

    @property
    def label_issues(self) -> "pd.DataFrame":
        """label_issues.csv: all labels, the most doubtful first."""
        return self._table("label_issues.csv", ("probability", "rank"))

    @property
    def exports(self) -> dict[str, str]:
        """The formats that were written, and the directory of each."""
        written = read_json(self._file(EXPORTS))["written"]
        return {name: Run(self.path).export(name) for name in written}

    def plot_curves(self) -> "Figure":
        """As a Figure: loss and accuracy by step."""
        return _plots("curves")(Run(self.path))

    @functools.cached_property
    @said_in_python()
    def classifier(self) -> Any:
        """The export, loaded: its `module` gives features of images, `heads` know the classes."""
        return named("retrain.exporters.reload:load_classifier")(str(self.path))

    def export(self, *formats: str, **keywords: Any) -> dict[str, str]:
        """As `retrain.export`, of this run: run.export("tflite_int8", "onnx")."""
        return named("retrain.api.verbs:export")(self, formats, **keywords)

    def predict(self, images: Any = None, **keywords: Any) -> "pd.DataFrame":
        """As `retrain.predict`, with the classifier of this run."""
        return named("retrain.api.verbs:predict")(images, tfhub_module=self, **keywords)


class Comparison(RunFiles):
    """What `retrain.compare` has found."""

    @property
    def table(self) -> "pd.DataFrame":
        """comparison.csv: a row a run; its figures, and the keywords that differ."""
        return self._table("comparison.csv").rename(columns=lambda name: name.removeprefix("--"))

    @property
    def report(self) -> str:
        """The path of comparison.html."""
        return str(self._file("comparison.html"))


class FinishedSweep(RunFiles):
    """What `retrain.sweep` has found; `FinishedSweep(path)` is an earlier sweep."""

    @property
    def best(self) -> TrainedRun:
        """The winner, trained."""
        return TrainedRun(self.path / "best")

    @property
    def trials(self) -> "pd.DataFrame":
        """sweep.csv: a row a trial; its settings, figures of validation, seconds, status."""
        return self._table("sweep.csv")

    @property
    def report(self) -> str:
        """The path of sweep.html, which shows all trials."""
        return str(self._file("sweep.html"))


def load(path: str | os.PathLike[str]) -> Evaluation | FinishedSweep:
    """What an earlier run has left in its directory: a TrainedRun, FinishedSweep or Evaluation."""
    run = Run(path)
    if run.state == SWEEP:
        return FinishedSweep(path)
    if run.flags is not None:
        return TrainedRun(path)
    if not (run.path / METRICS).is_file():
        raise InputError(f"{str(run)!r} is no run: name the directory that one has written.")
    return Evaluation(path)


def _figures(name: str) -> Any:
    return named(f"retrain.api.run_figures:{name}")


def _plots(name: str) -> Any:
    return named(f"retrain.api.run_plots:{name}")
