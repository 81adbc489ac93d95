"""What a sweep optimizes: one figure of the validation images, SPLIT/KEY as in metrics.json."""

from collections.abc import Mapping

from retrain.errors import InputError
from retrain.extensions import unknown_name
from retrain.heads.figures import metrics_of
from retrain.metric import Metric

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
