"""The network: against plain formulas on tiny weights, and with its real ones on pictures."""

import pathlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from retrain.modules.inspection.conformance import check, conforms
from retrain.modules.inspection.examined_module import ExaminedModule
from retrain.modules.loading import load_module
from retrain.modules.sources.efficientnet_lite import EPSILON, MOMENTUM, EfficientNetLite, strides
from retrain.modules.sources.embedded import USUAL

SHARED = pathlib.Path(__file__).parents[4] / "shared"
# Channels in and out of each block, and its stride: the last is added to its input.
BLOCKS = [(4, 3, 1), (3, 5, 2), (5, 5, 1)]
FEATURES, CLASSES = 6, 4
IMAGES = np.random.default_rng(1).random((5, 9, 9, 3), np.float32)


def convolution(name: str, norm: str, shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Weights of a convolution [out, in, height, width], and of a batch norm that changes much."""
    draws = np.random.default_rng(len(name) + shape[0])
    ranges = {"weight": (0.5, 2), "bias": (-1, 1), "running_mean": (-1, 1), "running_var": (0.1, 2)}
    of_norm = {f"{norm}.{key}": draws.uniform(*ends, shape[0]) for key, ends in ranges.items()}
    drawn = {f"{name}.weight": draws.normal(0, 0.5, shape), **of_norm}
    return {key: value.astype(np.float32) for key, value in drawn.items()}


@pytest.fixture(scope="module")
def weights() -> dict[str, np.ndarray]:
    """Of a network of three blocks, of which the first has no expansion."""
    found = convolution("_conv_stem", "_bn0", (4, 3, 3, 3))
    for number, (channels, out, _) in enumerate(BLOCKS):
        prefix, wide = f"_blocks.{number}", channels * (2 if number else 1)
        if number:
            found |= convolution(f"{prefix}._expand_conv", f"{prefix}._bn0", (wide, channels, 1, 1))
        found |= convolution(f"{prefix}._depthwise_conv", f"{prefix}._bn1", (wide, 1, 3, 3))
        found |= convolution(f"{prefix}._project_conv", f"{prefix}._bn2", (out, wide, 1, 1))
    found |= convolution("_conv_head", "_bn1", (FEATURES, BLOCKS[-1][1], 1, 1))
    draws = np.random.default_rng(2)
    of_classes = {"_fc.weight": draws.random((CLASSES, FEATURES)), "_fc.bias": draws.random(CLASSES)}
    return found | {key: value.astype(np.float32) for key, value in of_classes.items()}


def network(weights: dict[str, np.ndarray], dtype: tf.DType = tf.float32) -> EfficientNetLite:
    return EfficientNetLite("tiny", "0", weights, [of[2] for of in BLOCKS], (9, 9), dtype)


def plain_convolution(weights, maps: np.ndarray, names: tuple[str, str], stride: int = 1) -> np.ndarray:
    """A convolution with padding "same" and its batch norm, a place at a time."""
    convolution, norm = names
    kernel, scale, offset, mean, variance = (
        weights[name]
        for name in (
            f"{convolution}.weight",
            *(f"{norm}.{key}" for key in ("weight", "bias", "running_mean", "running_var")),
        )
    )
    side, size = kernel.shape[2], maps.shape[1]
    out = -(-size // stride)
    missing = max(0, (out - 1) * stride + side - size)
    around = (missing // 2, missing - missing // 2)
    padded = np.pad(maps, [(0, 0), around, around, (0, 0)])
    equation = "bhwc,cdhw->bc" if kernel.shape[1] == 1 and maps.shape[3] > 1 else "bhwd,cdhw->bc"
    values = np.zeros([len(maps), out, out, len(kernel)])
    for row, column in np.ndindex(out, out):
        top, left = row * stride, column * stride
        values[:, row, column] = np.einsum(equation, padded[:, top : top + side, left : left + side], kernel)
    return (values - mean) / np.sqrt(variance + EPSILON) * scale + offset


def plain_features(weights, images: np.ndarray) -> np.ndarray:
    """The network by its description."""
    maps = plain_convolution(weights, (255 * images - 127) / 128, ("_conv_stem", "_bn0"), 2).clip(0, 6)
    for number, (channels, out, stride) in enumerate(BLOCKS):
        prefix, wide = f"_blocks.{number}", maps
        if number:
            names = (f"{prefix}._expand_conv", f"{prefix}._bn0")
            wide = plain_convolution(weights, maps, names).clip(0, 6)
        names = (f"{prefix}._depthwise_conv", f"{prefix}._bn1")
        wide = plain_convolution(weights, wide, names, stride).clip(0, 6)
        narrow = plain_convolution(weights, wide, (f"{prefix}._project_conv", f"{prefix}._bn2"))
        maps = maps + narrow if stride == 1 and channels == out else narrow
    return plain_convolution(weights, maps, ("_conv_head", "_bn1")).clip(0, 6).mean(axis=(1, 2))


def test_the_network_is_what_it_is_described_to_be(weights):
    module, expected = network(weights), plain_features(weights, IMAGES)
    np.testing.assert_allclose(module(IMAGES), expected, atol=1e-4)
    logits = expected @ weights["_fc.weight"].T + weights["_fc.bias"]
    np.testing.assert_allclose(module.output(IMAGES, "image_classification"), logits, atol=1e-4)
    assert module.spec.default_signature == "default"
    np.testing.assert_array_equal(module.output(IMAGES, "default"), module(IMAGES))
    assert (module.num_features, module.num_outputs("image_classification")) == (FEATURES, CLASSES)


def test_training_takes_statistics_of_the_batch_and_notes_them(weights):
    module = network(weights)
    values = {variable.name: variable.numpy() for variable in module.variables}
    training, inference = module(IMAGES, training=True), module(IMAGES)
    assert np.abs(training - inference).max() > 0.1
    kernel, inputs = values["stem/kernel:0"], (255 * IMAGES - 127) / 128
    maps = tf.nn.conv2d(inputs, kernel, 2, "SAME").numpy().reshape(-1, 4)
    found = {variable.name: variable.numpy() for variable in module.variables}
    # The variance of a batch is an estimate, as that of TensorFlow's fused batch norm is.
    for name, batch in {"mean": maps.mean(axis=0), "variance": maps.var(axis=0, ddof=1)}.items():
        before = values[f"stem/moving_{name}:0"]
        expected = MOMENTUM * before + (1 - MOMENTUM) * batch
        np.testing.assert_allclose(found[f"stem/moving_{name}:0"], expected, rtol=1e-5)
    changed = {name.split("/")[-1] for name in found if not np.array_equal(found[name], values[name])}
    assert changed == {"moving_mean:0", "moving_variance:0"}


def test_with_the_statistics_of_the_batch_inference_is_training(weights, monkeypatch):
    monkeypatch.setattr("retrain.modules.sources.efficientnet_lite.MOMENTUM", 0.0)
    module = network(weights)
    training = module(IMAGES, training=True)
    # But for the estimate of the variance, which is of few values in the last layers.
    np.testing.assert_allclose(module(IMAGES), training, atol=0.1)


def test_gradients_reach_all_that_is_trained_in_both_forms(weights):
    module = network(weights)
    for training in (False, True):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(module(IMAGES, training) ** 2)
        assert None not in tape.gradient(loss, module.trainable_variables)
    names = [variable.name for variable in module.trainable_variables]
    assert names[:6] == [
        *("stem/kernel:0", "stem/gamma:0", "stem/beta:0"),
        *("block_0/depthwise/kernel:0", "block_0/depthwise/gamma:0", "block_0/depthwise/beta:0"),
    ]
    assert names[-1] == "head/beta:0"
    assert [variable.name for variable in module.variables[-2:]] == ["logits/kernel:0", "logits/bias:0"]
    assert len(module.variables) == 5 * len(names) // 3 + 2


def test_in_bfloat16_it_is_nearly_the_same(weights):
    exact, rough = network(weights)(IMAGES), network(weights, tf.bfloat16)(IMAGES)
    assert rough.dtype == tf.float32
    assert 0 < np.abs(exact - rough).max() < 0.2


def test_depth_repeats_all_stages_but_the_first_and_the_last():
    assert strides(1.0) == [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1]
    assert [len(strides(depth)) for depth in (1.0, 1.1, 1.2)] == [16, 21, 21]
    assert strides(1.1)[:7] == [1, 2, 1, 1, 2, 1, 1]


@pytest.fixture(scope="module")
def real():
    return load_module(USUAL)


def test_the_real_network_keeps_the_promises_of_an_image_module(real):
    assert (real.image_size, real.num_features) == ((240, 240), 1280)
    assert conforms(check(ExaminedModule(USUAL)))


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the pictures of ../shared")
@pytest.mark.parametrize(("picture", "index"), [("parrot", 88), ("cat_720p", 285), ("hot_dog", 934)])
def test_the_real_network_knows_what_is_in_pictures(real, picture, index):
    with Image.open(SHARED / "data" / "pictures" / f"{picture}.jpg") as image:
        pixels = np.asarray(
            image.convert("RGB").resize(real.image_size, Image.Resampling.BICUBIC), np.float32
        )
    assert real.output(pixels[None] / 255, "image_classification").numpy().argmax() == index
