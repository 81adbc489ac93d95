import json

import keras_hub
import numpy as np
import pytest

from retrain.errors import InputError
from retrain.modules.sources.keras_hub_files import is_checkpoint, pixels_of
from tests import tiny_checkpoints

MEAN, STD = [0.5, 0.25, 0.0], [0.5, 0.25, 1.0]
RANGE = {"image_mean": MEAN, "image_std": STD}


@pytest.mark.parametrize(
    ("config", "scale", "offset"),
    [
        (RANGE, [2, 4, 1], [-1, -1, 0]),
        (RANGE | {"rescale_factor": 1 / 127.5}, [4, 8, 2], [-1, -1, 0]),
        (RANGE | {"do_rescale": False}, [510, 1020, 255], [-1, -1, 0]),
        ({"do_normalize": False}, 1, 0),
        ({"do_normalize": False, "do_rescale": False}, 255, 0),
    ],
)
def test_of_a_preprocessor(tmp_path, config, scale, offset):
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(config))
    pixels = pixels_of(None, str(tmp_path), "h")
    np.testing.assert_allclose(pixels.scale, scale, rtol=1e-6)
    np.testing.assert_allclose(pixels.offset, offset, rtol=1e-6)
    assert {pixels.scale.dtype, pixels.offset.dtype} == {np.dtype(np.float32)}


def test_of_a_converter(tmp_path):
    converter = keras_hub.layers.ImageConverter(image_size=(8, 8), scale=[1, 2, 3], offset=0.5)
    pixels = pixels_of(converter, str(tmp_path), "h")
    np.testing.assert_array_equal(pixels.scale, [255, 510, 765])
    np.testing.assert_array_equal(pixels.offset, 0.5)


@pytest.mark.parametrize(
    "content", [None, "{}", "[]", "not json", '{"image_mean": [0.5], "image_std": "no"}']
)
def test_nothing_says_it(tmp_path, content):
    if content is not None:
        (tmp_path / "preprocessor_config.json").write_text(content)
    with pytest.raises(InputError) as info:
        pixels_of(None, str(tmp_path), "h")
    assert str(info.value) == (
        "'h' does not say which pixels its network was trained on: beside its config.json belongs the "
        "preprocessor_config.json of its publisher, with image_mean and image_std."
    )


def test_a_checkpoint(tmp_path):
    assert is_checkpoint(tiny_checkpoints.dinov2(tmp_path / "dinov2"))
    assert not is_checkpoint(str(tmp_path))
    (tmp_path / "config.json").write_text('{"registered_name": "keras_hub>ViTBackbone"}')
    assert not is_checkpoint(str(tmp_path))
