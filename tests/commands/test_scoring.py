import numpy as np
import pytest

from retrain.commands.checks import Published
from retrain.commands.scoring import load_scoring
from retrain.errors import InputError
from retrain.settings.module import ModuleSettings
from tests import tiny_worlds

CYAN = np.broadcast_to(np.float32([0, 1, 1]), [1, 8, 8, 3])


@pytest.mark.parametrize("place", ["", "export/hub_module"])
def test_an_export_says_itself_what_its_rows_mean_and_a_run_is_as_good(trained_run, place):
    scoring = load_scoring(ModuleSettings(tfhub_module=str(trained_run / place)), None)
    rows = scoring.module.output(CYAN, scoring.signature).numpy()
    [probabilities] = scoring.by_task(rows).values()
    assert scoring.heads["label"].predicted(probabilities) == ["cyan"]
    np.testing.assert_allclose(probabilities.sum(), 1.0, rtol=1e-6)


def test_the_classes_of_a_module_may_be_those_of_its_publisher(published):
    settings = ModuleSettings(tfhub_module=str(published / "module"), label_map=str(published / "labels.txt"))
    scoring = load_scoring(settings, Published(tiny_worlds.LABELS, {}))
    rows = scoring.module.output(CYAN, scoring.signature).numpy()
    assert scoring.heads["label"].predicted(scoring.by_task(rows)["label"]) == ["Aqua, Cyan"]
    with pytest.raises(InputError, match=r"has 2 lines, and '.*' gives scores for 7 classes"):
        load_scoring(settings, Published(("a", "b"), {}))
