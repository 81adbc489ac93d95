"""What a sweep optimizes: one figure of the validation images, SPLIT/KEY as in metrics.json.

As a function of the flags that vary it follows from the images and from all other flags: by these a study is
known from that of another sweep.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence

from retrain.data.listing import Listing
from retrain.errors import InputError
from retrain.extensions import unknown_name
from retrain.heads.figures import metrics_of
from retrain.metric import Metric
from retrain.settings.config import FIELDS, Config, read_by
from retrain.settings.field import about, as_text
from retrain.studies.space import Space

SPLIT = "validation"


def find_objective(text: str | None, kinds: Mapping[str, str]) -> Metric:
    """The figure that --objective names, by default the first; `kinds`: task -> kind of head."""
    possible = {name_of(metric): metric for metric in metrics_of(kinds).values()}
    if text is None:
        return next(iter(possible.values()))
    if text.startswith("test/"):
        raise InputError(
            f"--objective={text} would choose by the test images, and their figures would no longer tell how "
            f"good the winner is: use validation/{text.removeprefix('test/')}."
        )
    if text not in possible:
        raise InputError(unknown_name(text, possible, "figure to rank trials by"))
    return possible[text]


def name_of(metric: Metric) -> str:
    """The objective as it is written."""
    return f"{SPLIT}/{metric.key}"


def about_sweep(space: Space, objective: str, config: Config, listings: Sequence[Listing]) -> dict[str, str]:
    """Objective, space, images and every flag that decides what a trial gives, in words.

    `listings` are of the same images, with the labels that trials read.
    """
    settings = {
        name: as_text(config.value(name))
        for name in read_by("train")
        if about(FIELDS[name]).decides and name not in space and not about(FIELDS[name]).path
    }
    module = {} if "tfhub_module" in space else {"tfhub_module": config.module.tfhub_module}
    return {
        "objective": objective,
        "folds": as_text(config.sweep.folds),
        **{f"--sweep {name}": str(varied) for name, varied in space.items()},
        "swept flags": ", ".join(space),
        "images": f"{len(listings[0].paths)} ({_digest(listings)})",
        **{f"--{name}": text for name, text in (settings | module).items()},
    }


def _digest(listings: Sequence[Listing]) -> str:
    """Of what the images are called and how they are labelled: the same wherever the folder lies."""
    cells = {task: column.cells for listing in listings for task, column in listing.columns.items()}
    first = listings[0]
    text = json.dumps([first.paths, first.splits, cells, first.groups, first.weights])
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:12]
