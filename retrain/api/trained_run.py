"""What a run has left in its directory, read when it is asked for."""

import functools
import json
import os
import pathlib
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from retrain.errors import InputError
from retrain.extensions import named
from retrain.runs.run import EXPORTS, METRICS, Run

if TYPE_CHECKING:  # which takes a while to import
    import pandas as pd


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

    @property
    def metrics(self) -> dict[str, Any]:
        """metrics.json: by split accuracy, its 95 % interval, loss, figures of each class."""
        return json.loads(self._file(METRICS).read_text("utf-8"))

    @property
    def predictions(self) -> "pd.DataFrame":
        """predictions.csv: a row an image; path, split, label, predicted, probability."""
        return self._table("predictions.csv", ("probability", "familiarity"))

    @property
    def report(self) -> str:
        """The path of report.html, which shows all of it."""
        return str(self._file("report.html"))

    def _file(self, name: str) -> pathlib.Path:
        path = self.path / name
        if not path.is_file():
            raise InputError(
                f"{str(self.path)!r} holds no {name}: name the directory of a run that has ended."
            )
        return path

    def _table(self, name: str, numbers: Collection[str]) -> "pd.DataFrame":
        return named("retrain.api.run_tables:read_run_table")(self._file(name), numbers)


class Evaluation(RunFiles):
    """What `retrain.evaluate` has measured."""


class TrainedRun(RunFiles):
    """What `retrain.train` has made; `TrainedRun(path)` is an earlier run, from the command line, too."""

    @property
    def data_report(self) -> dict[str, Any]:
        """data_report.json: what is known of the images; all that there is with dry_run=True."""
        return json.loads(self._file("data_report.json").read_text("utf-8"))

    @property
    def label_issues(self) -> "pd.DataFrame":
        """label_issues.csv: all labels, the most doubtful first."""
        return self._table("label_issues.csv", ("probability", "rank"))

    @property
    def exports(self) -> dict[str, str]:
        """The formats that were written, and the directory of each."""
        written = json.loads(self._file(EXPORTS).read_text("utf-8"))["written"]
        return {name: Run(self.path).export(name) for name in written}

    @functools.cached_property
    def classifier(self) -> Any:
        """The export, loaded: its `module` gives features of images, `heads` know the classes."""
        return named("retrain.export.reload:load_classifier")(str(self.path))

    def predict(self, images: Any = None, **keywords: Any) -> "pd.DataFrame":
        """As `retrain.predict`, with the classifier of this run."""
        return named("retrain.api.verbs:predict")(images, tfhub_module=self, **keywords)
