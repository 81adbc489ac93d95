import pytest

from retrain.examples.recorded import data_fingerprint
from retrain.exporters.model_card import Result
from retrain.report.export_cards import data_name, of_run
from tests.report.outcomes import of_two_tasks

FIGURES = {
    "loss": 1.0,
    "accuracy/kind": 0.5,
    "accuracy_interval/kind": [0.25, 0.75],
    "count/kind": 4,
    "macro_f1/kind": 0.5,
}


def test_what_cards_say_of_a_run():
    outcome = of_two_tasks(figures={"test": FIGURES})
    told = of_run(outcome)
    assert told.splits == {"train": 1, "validation": 1, "test": 1}
    assert told.fingerprint == data_fingerprint(outcome.examples)
    assert told.results == [Result("kind", "test", 0.5, (0.25, 0.75), 4, 0.5)]


@pytest.mark.parametrize(
    ("folder", "name"), [("/a/pets", "pets"), ("/a/pets/", "pets"), ("/a/pets/Training", "pets/Training")]
)
def test_a_folder_of_a_split_is_called_by_the_one_that_it_is_in(folder, name):
    assert data_name(folder) == name
