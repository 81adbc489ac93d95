import json
import pathlib
import shutil

import keras_hub
import numpy as np
import pytest
import tensorflow as tf

from retrain.errors import InputError
from retrain.modules.loading import load_module
from retrain.modules.sources.source import DEFAULTS
from retrain.settings.module import ModuleSettings
from tests import tiny_checkpoints, tiny_presets
from tests.tiny_presets import OFFSET, SCALE, SIDE

KERAS_HUB = keras_hub.__version__


@pytest.fixture(scope="module")
def vit(tmp_path_factory) -> str:
    return tiny_presets.vit(tmp_path_factory.mktemp("presets") / "vit")


@pytest.fixture(scope="module")
def resnet(tmp_path_factory) -> str:
    return tiny_presets.resnet(tmp_path_factory.mktemp("presets") / "resnet")


def sentence(handle: str, settings: ModuleSettings = DEFAULTS) -> str:
    with pytest.raises(InputError) as info:
        load_module(handle, settings)
    return str(info.value)


def images(side: int) -> np.ndarray:
    return np.random.default_rng(0).random((2, side, side, 3), np.float32)


def expected(handle: str, side: int) -> np.ndarray:
    """What the library itself gives."""
    backbone = keras_hub.models.Backbone.from_preset(handle)
    return backbone(images(side) * 255.0 * np.float32(SCALE) + np.float32(OFFSET)).numpy()


@pytest.mark.parametrize(
    ("pooling", "pooled"),
    [("auto", lambda x: x[:, 0]), ("mean", lambda x: x.mean(1)), ("max", lambda x: x.max(1))],
)
def test_features_of_a_transformer(vit, pooling, pooled):
    module = load_module(vit, ModuleSettings(feature_pooling=pooling))
    assert module.image_size == (SIDE, SIDE)
    np.testing.assert_allclose(module(images(SIDE)), pooled(expected(vit, SIDE)), rtol=1e-5, atol=1e-6)


@pytest.fixture(scope="module")
def dinov2(tmp_path_factory) -> str:
    return tiny_checkpoints.dinov2(tmp_path_factory.mktemp("checkpoints") / "dinov2")


def test_a_checkpoint_of_transformers(dinov2, capsys):
    module = load_module(dinov2)
    assert module.image_size == (SIDE, SIDE)
    expected = tiny_checkpoints.features(images(SIDE))
    np.testing.assert_allclose(module(images(SIDE)), expected, rtol=1e-5, atol=2e-6)
    assert capsys.readouterr().out == ""


def test_dinov2_takes_images_of_any_size(dinov2):
    module = load_module(dinov2, ModuleSettings(image_size=24))
    assert module.image_size == (24, 24)
    backbone = keras_hub.models.Backbone.from_preset(dinov2, image_shape=(24, 24, 3))
    mean, std = np.float32(tiny_checkpoints.MEAN), np.float32(tiny_checkpoints.STD)
    expected = backbone({"images": (images(24) - mean) / std})[:, 0]
    np.testing.assert_allclose(module(images(24)), expected, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("side", [None, 24])
def test_an_open_size_is_that_of_the_converter(resnet, side):
    module = load_module(resnet, ModuleSettings(image_size=side))
    height, width = module.image_size
    assert height == width == (side or SIDE)
    features = expected(resnet, height).mean((1, 2))
    np.testing.assert_allclose(module(images(height)), features, rtol=1e-5, atol=1e-6)


def test_it_is_trained(vit):
    module = load_module(vit, bfloat16=True)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(module(images(SIDE), training=True) ** 2)
    gradients = tape.gradient(loss, module.trainable_variables)
    assert all(gradient is not None for gradient in gradients)
    assert {variable.dtype for variable in module.variables} >= {tf.float32}


def test_other_weights_are_another_module(vit, tmp_path):
    assert load_module(vit).fingerprint == load_module(vit).fingerprint
    assert load_module(vit).fingerprint != load_module(tiny_presets.resnet(tmp_path / "r")).fingerprint


def test_a_fixed_size(vit):
    assert sentence(vit, ModuleSettings(image_size=32)) == (
        f"{vit!r} takes images of 16 x 16 pixels, and --image_size says 32 x 32; leave --image_size out, or "
        f"use a module made for that size."
    )


def test_a_model_of_texts(tmp_path):
    handle = tiny_presets.bert(tmp_path / "bert")
    assert sentence(handle) == (
        f"{handle!r} cannot be loaded by KerasHub {KERAS_HUB} (Unable to find a subclass of ImageConverter "
        f"that is compatible with BertBackbone found in preset {handle!r}): give the preset of an image "
        f"model, whole, with its image converter."
    )


CHECKPOINT = (
    "give a whole checkpoint, with its model.safetensors, of a network that it converts: of transformers "
    "DINOv2, DINOv3, DeiT, Swin, or ViT with its classification head; of timm resnet, efficientnet, "
    "mobilenetv3 or vgg."
)


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (
            {"model_type": "siglip"},
            "KerasHub has no converter for huggingface/transformers models with model type `'siglip'`",
        ),
        (
            {"architecture": "vit_tiny_patch16_224"},
            "KerasHub has no converter for timm models with architecture `'vit_tiny_patch16_224'`",
        ),
        # As a ViT without its classification head lacks tensors of this name.
        (
            tiny_checkpoints.CONFIG | {"num_hidden_layers": 2},
            "File does not contain tensor encoder.layer.1.norm1.weight",
        ),
    ],
)
def test_a_checkpoint_that_is_not_converted(dinov2, tmp_path, config, reason):
    shutil.copytree(dinov2, tmp_path, dirs_exist_ok=True)
    (tmp_path / "config.json").write_text(json.dumps(config))
    handle = str(tmp_path)
    assert sentence(handle) == (
        f"{handle!r} cannot be loaded by KerasHub {KERAS_HUB} ({reason}): {CHECKPOINT}"
    )


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("image_converter.json", "`image_converter.json` doesn't exist in preset directory `{}`"),
        ("model.weights.h5", "`model.weights.json` doesn't exist in preset directory `{}`"),
    ],
)
def test_a_file_is_missing(tmp_path, name, reason):
    handle = tiny_presets.vit(tmp_path / "vit")
    (pathlib.Path(handle) / name).unlink()
    assert sentence(handle) == (
        f"{handle!r} cannot be loaded by KerasHub {KERAS_HUB} ({reason.format(handle)}): give the preset of "
        f"an image model, whole, with its image converter."
    )


def test_a_classifier_in_a_file(vit, tmp_path):
    """It ends in logits, before which stands a class token that no layer takes."""
    backbone = keras_hub.models.Backbone.from_preset(vit)
    keras_hub.models.ViTImageClassifier(backbone=backbone, num_classes=3).save(tmp_path / "vit.keras")
    features = load_module(str(tmp_path / "vit.keras"))(images(SIDE))
    np.testing.assert_allclose(features, backbone(images(SIDE))[:, 0], rtol=1e-5, atol=1e-6)
