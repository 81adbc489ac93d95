import keras
import numpy as np
import pytest

from retrain.exporters import MODULES, exporter
from retrain.model import ImageClassifier
from retrain.modules.inspection.input_range import (
    FAR_NEARER,
    MOST,
    gain_of,
    nearness_of_signed,
    refuses_bright,
)
from retrain.modules.loading import load_module

ROWS = np.array([[1.0, 2.0], [2.0, 1.0]])


@pytest.mark.parametrize(
    ("rows", "bright", "gain"),
    [
        (ROWS, 255 * ROWS, 1.0),  # contrast is relative
        (ROWS, ROWS + 10, 0.1374),
        (ROWS + 10, ROWS, 7.280),
        (np.ones([2, 2]), ROWS, MOST),
        (ROWS, np.ones([2, 2]), 0.0),
        (np.zeros([2, 2]), np.zeros([2, 2]), 0.0),
        (ROWS, np.array([[np.inf, 1.0], [2.0, 1.0]]), 1.0),
    ],
)
def test_gain(rows, bright, gain):
    assert gain_of(rows, bright) == pytest.approx(gain, rel=1e-3)


def remembering(path, low: float, high: float, has_seen: bool = True) -> str:
    """A network whose batch norm has seen what it convolves of images in this range."""
    keras.utils.set_random_seed(0)
    norm = keras.layers.BatchNormalization()
    body = [keras.layers.Conv2D(6, 3, use_bias=False), norm, keras.layers.GlobalAveragePooling2D()]
    model = keras.Sequential([keras.Input((8, 8, 3)), *body])
    if has_seen:
        photos = np.random.default_rng(1).normal((0.48, 0.46, 0.4), 0.2, [64, 8, 8, 3])
        convolved = model.layers[0](low + (high - low) * photos).numpy()
        norm.moving_mean.assign(convolved.mean((0, 1, 2)))
        norm.moving_variance.assign(convolved.var((0, 1, 2)))
    model.save(path)
    return str(path)


@pytest.mark.parametrize("form", MODULES)
def test_an_export_refuses_bright_pixels_and_its_module_does_not(averaging_module, tmp_path, form):
    module = load_module(averaging_module)
    exporter(form)(ImageClassifier(module, {"label": ["a", "b"]}), str(tmp_path / "export"))
    assert not refuses_bright(module)
    assert refuses_bright(load_module(str(tmp_path / "export")))


def test_a_network_for_signed_pixels(tmp_path):
    module = load_module(remembering(tmp_path / "signed.keras", -1.0, 1.0))
    before = [variable.numpy() for variable in module.variables]
    assert nearness_of_signed(module) > FAR_NEARER
    for variable, value in zip(module.variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)


@pytest.mark.parametrize("has_seen", [True, False])
def test_a_network_for_the_pixels_it_is_given(tmp_path, has_seen):
    module = load_module(remembering(tmp_path / "unsigned.keras", 0.0, 1.0, has_seen))
    assert nearness_of_signed(module) < (0.3 if has_seen else 1.01)


def test_a_module_that_remembers_nothing(averaging_module):
    assert nearness_of_signed(load_module("builtin:gradients")) == 1.0
    assert nearness_of_signed(load_module(averaging_module)) == 1.0
