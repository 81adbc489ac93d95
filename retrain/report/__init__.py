"""What people look at of a run; each file that is written from its outcome is a row of ARTEFACTS."""

from typing import NamedTuple


class ArtefactRow(NamedTuple):
    """One file of a run's directory.

    Attributes:
      write: "package.module:function", (outcome, path) -> None.
      is_result: whether it says how good the run is, and so makes way when the run is trained on.
      of_evaluation: whether evaluate writes it, too, which has no splits and trains no heads.
    """

    write: str
    is_result: bool = True
    of_evaluation: bool = False


# In the order in which they are written: with metrics.json the figures are safe, and all before it are there.
ARTEFACTS = {
    "predictions.csv": ArtefactRow("retrain.report.predictions_table:write", of_evaluation=True),
    "predictions.png": ArtefactRow("retrain.report.prediction_page:write"),
    "label_issues.csv": ArtefactRow("retrain.report.label_issues_table:write", is_result=False),
    "metrics.json": ArtefactRow("retrain.report.metrics_file:write", of_evaluation=True),
}
