import json

import pytest

from retrain.examples.recorded import data_fingerprint
from retrain.report.export_cards import data_name, write_cards
from tests.report.outcomes import of_two_tasks

FIGURES = {
    "loss": 1.0,
    "accuracy/kind": 0.5,
    "accuracy_interval/kind": [0.25, 0.75],
    "count/kind": 4,
    "macro_f1/kind": 0.5,
}


def test_exports_get_a_card_of_the_run(tmp_path):
    task = {"head": "softmax", "classes": ["a", "b"], "signature": "image_classification"}
    described = {
        "tasks": {"kind": task, "tags": task},
        "image_size": [8, 8],
        "num_features": 3,
        "serving": {"images": "serving_default"},
        "alpha_background": "white",
        "module": "elsewhere",
        "writer": "retrain 0",
    }
    (tmp_path / "saved_model/assets.extra").mkdir(parents=True)
    (tmp_path / "saved_model/assets.extra/retrain.json").write_text(json.dumps(described))
    (tmp_path / "saved_model/README.md").write_text("An earlier card.")
    outcome = of_two_tasks(figures={"test": FIGURES})
    write_cards(outcome, [str(tmp_path / "saved_model")])
    text = (tmp_path / "saved_model/README.md").read_text()
    assert "| test | kind | 50.0 % | 25.0 to 75.0 % | 4 |" in text
    assert "1 images of train, 1 images of validation, 1 images of test" in text
    assert data_fingerprint(outcome.examples) in text


@pytest.mark.parametrize(
    ("folder", "name"), [("/a/pets", "pets"), ("/a/pets/", "pets"), ("/a/pets/Training", "pets/Training")]
)
def test_a_folder_of_a_split_is_called_by_the_one_that_it_is_in(folder, name):
    assert data_name(folder) == name
