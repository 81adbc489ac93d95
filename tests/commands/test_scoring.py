import keras
import numpy as np
import pytest

from retrain.commands.checks import Published
from retrain.commands.scoring import load_scoring
from retrain.errors import InputError
from retrain.exporters import exporter
from retrain.heads.sigmoid import SigmoidHead
from retrain.model import ImageClassifier
from retrain.settings.module import ModuleSettings
from retrain.training.evaluation import figures_by_task
from tests import tiny_worlds

CYAN = np.broadcast_to(np.float32([0, 1, 1]), [1, 8, 8, 3])


@pytest.mark.parametrize("place", ["", "export/hub_module"])
def test_an_export_says_itself_what_its_rows_mean_and_a_run_is_as_good(trained_run, place):
    scoring = load_scoring(ModuleSettings(tfhub_module=str(trained_run / place)), None)
    rows = scoring.module.output(CYAN, scoring.signature).numpy()
    [probabilities] = scoring.by_task(rows).values()
    [logits] = scoring.logits_by_task(rows).values()
    head = scoring.heads["label"]
    np.testing.assert_allclose(probabilities, head.probabilities(logits), rtol=1e-6)
    assert head.predicted(probabilities) == ["cyan"]
    np.testing.assert_allclose(probabilities.sum(), 1.0, rtol=1e-6)


def test_the_classes_of_a_module_may_be_those_of_its_publisher(published):
    settings = ModuleSettings(tfhub_module=str(published / "module"), label_map=str(published / "labels.txt"))
    scoring = load_scoring(settings, Published(tiny_worlds.LABELS, {}))
    rows = scoring.module.output(CYAN, scoring.signature).numpy()
    assert scoring.heads["label"].predicted(scoring.by_task(rows)["label"]) == ["Aqua, Cyan"]
    assert scoring.logits_by_task(rows) == {}
    with pytest.raises(InputError, match=r"has 2 lines, and '.*' gives scores for 7 classes"):
        load_scoring(settings, Published(("a", "b"), {}))


def test_a_certain_mistake_costs_what_it_costs_in_training(loaded_module, tmp_path):
    """Its probability rounds to 1, of which the loss would end at 16.1."""
    model = ImageClassifier(loaded_module, {"tags": SigmoidHead(["a"])})
    model.biases["tags"].assign([50.0])
    exporter("saved_model")(model, str(tmp_path / "export"))
    scoring = load_scoring(ModuleSettings(tfhub_module=str(tmp_path / "export")), None)
    rows = scoring.module.output(CYAN, scoring.signature).numpy()
    labels = {"tags": np.zeros([1, 1], np.float32)}
    figures = figures_by_task(
        scoring.heads, labels, scoring.by_task(rows), logits=scoring.logits_by_task(rows)
    )
    assert figures["average_loss"] == pytest.approx(50.0, abs=1e-3)


@pytest.mark.parametrize(
    ("last", "labels"),
    [("sigmoid", ["a", "b", "c"]), ("softmax", ["a", "b", "c"]), ("sigmoid", ["cat", "dog"]), (None, "abc")],
)
@pytest.mark.parametrize("form", ["keras", "saved_model"])
def test_a_classifier_of_keras_scores_as_it_does_itself(tmp_path, form, last, labels):
    """Also in the file of the model, whose features are what its last layer reads."""
    keras.utils.set_random_seed(0)
    count = 1 if len(labels) == 2 else len(labels)
    model = keras.Sequential([keras.Input([8, 8, 3]), keras.layers.Conv2D(4, 3)])
    model.add(keras.layers.GlobalAveragePooling2D())
    model.add(keras.layers.Dense(count, activation=last, name="scores"))
    handle = str(tmp_path / ("model.keras" if form == "keras" else "model"))
    model.save(handle) if form == "keras" else model.export(handle, verbose=False)
    scoring = load_scoring(ModuleSettings(tfhub_module=handle, label_map="x"), Published(tuple(labels), {}))
    images = np.random.default_rng(0).random([3, 8, 8, 3], np.float32)
    [found] = scoring.by_task(scoring.module.output(images, scoring.signature).numpy()).values()
    own = model(images).numpy()
    expected = np.concatenate([1 - own, own], axis=1) if count == 1 else own
    np.testing.assert_allclose(found, expected if last else keras.ops.softmax(own), rtol=1e-5)
