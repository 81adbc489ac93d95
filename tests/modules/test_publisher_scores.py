import keras
import pytest

from retrain.modules.loading import load_module
from retrain.modules.publisher_scores import squashing_of
from retrain.settings.module import ModuleSettings

SCORES = ModuleSettings(module_kind="image_classification")


@pytest.mark.parametrize("activation", ["softmax", "log_softmax", "sigmoid", None])
def test_the_graph_shows_what_scores_went_through(tmp_path, activation):
    layers = keras.layers
    last = layers.Dense(5, activation=activation)
    keras.Sequential([keras.Input([8, 8, 3]), layers.GlobalAveragePooling2D(), last]).export(tmp_path)
    assert squashing_of(load_module(str(tmp_path), SCORES, "image_classification")) == activation


def test_scores_of_no_layer_show_nothing(published):
    assert (
        squashing_of(load_module(str(published / "module"), ModuleSettings(), "image_classification")) is None
    )
