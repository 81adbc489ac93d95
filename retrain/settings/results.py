"""The settings of what a run leaves behind."""

import dataclasses

from retrain.settings.field import DATA_VERBS, setting


@dataclasses.dataclass(frozen=True)
class ResultSettings:
    """What is written, and where."""

    model_dir: str | None = setting(
        None,
        "results",
        "Directory for all that the run writes. Default: a new one, runs/FOLDER-TIME.",
        verbs=DATA_VERBS,
        path=True,
    )
    export_formats: tuple[str, ...] = setting(
        ("saved_model", "hub_module"),
        "results",
        "Formats in which the classifier is exported, with commas between.",
    )
    output: str | None = setting(
        None,
        "results",
        "CSV file for the predictions (path, class, probability). Default: the terminal.",
        verbs=("predict",),
        path=True,
    )
    json: bool = setting(False, "results", "Print JSON, for programs.", verbs=("inspect",))
