import keras
import pytest

from retrain.errors import InputError
from retrain.modules.sources.application_sizes import IMAGE_SIZES
from retrain.modules.sources.resolve import check_handle


def test_the_names_are_those_of_keras():
    assert set(IMAGE_SIZES) == {name for name in dir(keras.applications) if name[0].isupper()}


def test_unknown_name():
    with pytest.raises(InputError) as info:
        check_handle("keras:mobilenet_v3_larg")
    assert str(info.value) == (
        "'keras:mobilenet_v3_larg' names no model of keras.applications; the nearest names are "
        "MobileNetV3Large, MobileNetV3Small, MobileNetV2, MobileNet, and https://keras.io/api/applications "
        "lists all."
    )
