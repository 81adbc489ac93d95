import inspect

import keras
import pytest

from retrain.modules.sources.keras_application import (
    IMAGE_SIZES,
    OPTIONS,
    Application,
    KerasApplication,
    parse_application,
)
from retrain.modules.sources.source import source_of
from tests.modules.sources.sentences import sentence


@pytest.mark.parametrize("handle", ["keras:MobileNet", "keras:NASNetLarge", "keras:MobileNet:none"])
def test_keras_applications(handle):
    source = source_of(handle)
    assert source == KerasApplication(handle, handle)
    assert (source.fetched(), source.files) == (source, None)


@pytest.mark.parametrize("handle", ["keras:", "keras:a b", "keras:MobileNet:", "keras:MobileNet?"])
def test_malformed_keras_names(handle):
    assert sentence(handle) == (
        f"{handle!r} is not of the form keras:NAME, keras:NAME?OPTION=VALUE or keras:NAME:WEIGHTS, with NAME "
        f"a model of keras.applications and WEIGHTS imagenet (the default), none (random) or a file; "
        f"keras:MobileNetV3Large?alpha=0.75 is an example."
    )


@pytest.mark.parametrize(
    ("handle", "options", "weights"),
    [
        ("keras:MobileNet", {}, "imagenet"),
        ("keras:MobileNet?alpha=0.25", {"alpha": 0.25}, "imagenet"),
        ("keras:MobileNet?alpha=0.3:none", {"alpha": 0.3}, None),
        (
            "keras:MobileNetV3Small?minimalistic=true&alpha=1",
            {"minimalistic": True, "alpha": 1.0},
            "imagenet",
        ),
    ],
)
def test_options_and_weights(handle, options, weights):
    name = handle.removeprefix("keras:").partition("?")[0]
    assert parse_application(handle) == Application(name, options, weights)


def test_weights_in_a_file(tmp_path):
    path = tmp_path / "a:b.weights.h5"
    assert sentence(f"keras:VGG16:{path}") == (
        f"'keras:VGG16:{path}' names the weights '{path}', but there is no such file."
    )
    path.touch()
    assert parse_application(f"keras:VGG16:{path}") == Application("VGG16", {}, str(path))


@pytest.mark.parametrize(
    ("handle", "reason"),
    [
        ("keras:VGG16?alpha=1", "has the option 'alpha', but VGG16 takes none: leave it out."),
        ("keras:MobileNet?depth=1", "has the option 'depth', but MobileNet takes only alpha: leave it out."),
        ("keras:MobileNet?alpha=wide", "has alpha='wide', and a number above 0 was expected."),
        ("keras:MobileNet?alpha=-1", "has alpha='-1', and a number above 0 was expected."),
        ("keras:MobileNetV3Large?minimalistic=2", "has minimalistic='2', and true or false was expected."),
        (
            "keras:MobileNet?alpha=0.3",
            "has alpha=0.3, for which no weights were published, but for 0.25, 0.5, 0.75, 1: take one of "
            "these, or name a file of weights.",
        ),
        (
            "keras:MobileNetV3Small?alpha=0.75&minimalistic=true",
            "has alpha=0.75, and of a minimalistic MobileNetV3Small weights were published for alpha=1 "
            "alone: leave one of both out, or name a file of weights.",
        ),
    ],
)
def test_options_that_there_are_not(handle, reason):
    assert sentence(handle) == f"{handle!r} {reason}"


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        (
            "mobilenet_v3_larg",
            "; the nearest names are MobileNetV3Large, MobileNetV3Small, MobileNetV2, MobileNet",
        ),
        (
            "efficientnet_b0",
            "; the nearest names are EfficientNetB0, EfficientNetV2B0, EfficientNetB7, EfficientNetB6",
        ),
        ("ViT_B16", ""),
        ("swin_tiny", ""),
    ],
)
def test_an_unknown_name(name, nearest):
    assert sentence(f"keras:{name}") == (
        f"'keras:{name}' names no model of keras.applications{nearest}; https://keras.io/api/applications "
        f"lists all."
    )


@pytest.mark.parametrize("name", OPTIONS)
def test_the_options_are_those_of_keras(name):
    taken = inspect.signature(getattr(keras.applications, name)).parameters
    assert set(OPTIONS[name]) == {"alpha", "minimalistic"} & set(taken)


def test_the_names_are_those_of_keras():
    assert set(IMAGE_SIZES) == {name for name in dir(keras.applications) if name[0].isupper()}
