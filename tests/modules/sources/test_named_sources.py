import keras
import pytest

from retrain.modules.sources.named_sources import IMAGE_SIZES, Builtin, KerasApplication
from retrain.modules.sources.source import source_of
from tests.modules.sources.sentences import sentence


def test_the_embedded_module():
    source = source_of("builtin:")
    assert source == Builtin("builtin:", "builtin:")
    assert (source.fetched(), source.files) == (source, None)


def test_there_is_one_embedded_module():
    assert sentence("builtin:flowers") == (
        "'builtin:flowers' names an embedded module that there is not; the only one is 'builtin:'."
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
