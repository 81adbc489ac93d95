"""The settings of what a run leaves behind."""

import dataclasses

from retrain.settings.field import DATA_VERBS, setting
from retrain.settings.values import names


@dataclasses.dataclass(frozen=True)
class ResultSettings:
    """What is written, and where."""

    title = "Results"

    model_dir: str | None = setting(
        None,
        "Directory for all that the run writes. Default: a new one, runs/FOLDER-TIME.",
        verbs=DATA_VERBS,
        path=True,
        recorded=False,
    )
    export_formats: tuple[str, ...] = setting(
        ("saved_model", "hub_module"),
        "Formats in which the classifier is exported, with commas between.",
        parse=names,
        table=("retrain.export:EXPORTERS", "export format"),
        decides=False,
    )
    output: str | None = setting(
        None,
        "CSV file for the predictions (path, class, probability). Default: the terminal.",
        verbs=("predict",),
        path=True,
    )
    json: bool = setting(False, "Print JSON, for programs.", verbs=("inspect",))
