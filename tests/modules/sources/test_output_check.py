import keras
import pytest
from absl import logging
from keras import layers

from retrain.errors import InputError
from retrain.modules.loading import load_module
from retrain.settings.module import ModuleSettings


@pytest.fixture
def told(monkeypatch) -> list[str]:
    texts = []
    monkeypatch.setattr(logging, "warning", lambda text, *values: texts.append(text % values))
    return texts


@pytest.fixture(params=["m.keras", "m"])
def handle(tmp_path, request) -> str:
    """A Keras model of two outputs, in a file or exported."""
    images = keras.Input((8, 8, 3))
    pooled = layers.GlobalAveragePooling2D(name="feat")(images)
    scores = layers.Dense(4, activation="softmax", name="probs")(pooled)
    model = keras.Model(images, {"feat": pooled, "probs": scores})
    path = str(tmp_path / request.param)
    if path.endswith(".keras"):
        model.save(path)
    else:
        model.export(path, verbose=False)
    return path


def test_scores_that_are_named_as_features_are_told(handle, told):
    load_module(handle, ModuleSettings(feature_output="feat"))
    assert told == []
    assert load_module(handle, ModuleSettings(feature_output="probs")).num_features == 4
    assert told == [
        f"{handle}: the 4 values of its output 'probs' have the sum 1 for every image, as probabilities of "
        f"classes have; a head on these learns little: use another --feature_output"
    ]


@pytest.mark.parametrize("handle", ["m"], indirect=True)
def test_which_output_gives_scores_is_told_where_one_is_to_be_named(handle):
    with pytest.raises(InputError) as info:
        load_module(handle)
    assert str(info.value) == (
        f"{handle!r} has no output 'default' in image_feature_vector; it has: feat (None, 3), probs (None, "
        f"4) of the sum 1, as probabilities of classes have. Name the one that holds the features with "
        f"--feature_output."
    )
