"""What every source of image modules offers, whatever format it was published in.

The contract is the specification's: images are float32 [B, H, W, 3], RGB in [0, 1], of `image_size`;
features are float32 [B, num_features]. Preprocessing beyond [0, 1] is inside the module. Dropout on the
features is the consumer's. Resizing images, and everything about labels, is left to others.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import tensorflow as tf

from retrain import files
from retrain.errors import InputError
from retrain.modules.module_spec import INFERENCE, TRAIN, ModuleSpec
from retrain.modules.pooling import AUTO, Pooling, pooling_of
from retrain.modules.signatures import DEFAULT_OUTPUT, IMAGE_FEATURE_VECTOR, Signature
from retrain.settings.module import ModuleSettings

if TYPE_CHECKING:  # which takes a while to import
    import keras

# Statistics of batches: each replica of a training step keeps its own, and their mean is saved and read.
MOVING = {
    "synchronization": tf.VariableSynchronization.ON_READ,
    "aggregation": tf.VariableAggregation.MEAN,
}


class ImageModule(tf.Module):
    """An image module: named signatures over one set of variables.

    Attributes:
      handle: what the user named, for messages.
      fingerprint: a digest of the module's content, equal wherever the same module lies.
      signatures: name -> Signature.
      image_size: the expected (height, width).
      feature_output: the key of the `image_feature_vector` output that holds the features.
      feature_pooling: how these become one vector where they are several, as ModuleSettings has it.
      doubt: what speaks against these being features; "" where nothing does.
      divides_by: what pixels are divided by before anything else; 1.0 where they are not, or it is not known.
    """

    divides_by = 1.0

    def __init__(
        self,
        handle: str,
        fingerprint: str,
        signatures: Mapping[str, Signature],
        image_size: tuple[int, int],
        feature_output: str = DEFAULT_OUTPUT,
        feature_pooling: str = AUTO,
        doubt: str = "",
    ):
        super().__init__(name="image_module")
        self.handle = handle
        self.fingerprint = fingerprint
        # tf.Module would track a dict, and a tracked dict of specs cannot be saved; a proxy is left alone.
        self.signatures = MappingProxyType(dict(signatures))
        self.image_size = image_size
        self.feature_output = feature_output
        self.feature_pooling = feature_pooling
        self.doubt = doubt

    @property
    def spec(self) -> ModuleSpec:
        """What it takes and gives, the same in training."""
        return ModuleSpec(self.handle, dict.fromkeys((INFERENCE, TRAIN), self.signatures))

    @property
    def trainable_variables(self) -> tuple[tf.Variable, ...]:
        """In the order of `variables`: tf.Module would sort them by the names of attributes."""
        return tuple(variable for variable in self.variables if variable.trainable)

    @property
    def variable_map(self) -> dict[str, tf.Variable]:
        """The variables by name."""
        return {variable.name.partition(":")[0]: variable for variable in self.variables}

    @property
    def num_features(self) -> int:
        """The length of a feature vector, a constant of the module."""
        return self.num_outputs(IMAGE_FEATURE_VECTOR)

    def num_outputs(self, signature: str) -> int:
        """The length of a row of `output`: num_features or num_classes."""
        shape, pooling = self._shape(signature), self._pooling(signature)
        return shape[pooling.channels if pooling else -1]

    @property
    def regularization_losses(self) -> Sequence[Callable[[], tf.Tensor]]:
        """Functions without arguments, each a scalar to add to the loss once per training step."""
        return ()

    def of_keras(self, images: "keras.KerasTensor") -> "keras.KerasTensor | None":
        """Features of images that have no values yet, by layers and operations of Keras alone, of the same
        weights; None where the module is no Keras model."""
        return None

    def outputs(self, images: tf.Tensor, signature: str, training: bool = False) -> dict[str, tf.Tensor]:
        """All outputs of one signature, by key. In training, batch norm uses and updates batch statistics."""
        raise NotImplementedError

    def output(self, images: tf.Tensor, signature: str, training: bool = False) -> tf.Tensor:
        """The output that matters, float32 [B, n]; one with a vector for each place or token is pooled.

        A module may compute in less, or in more, than float32.
        """
        values = tf.cast(self.outputs(images, signature, training)[self._output_key(signature)], tf.float32)
        pooling = self._pooling(signature)
        return pooling(values) if pooling else values

    def __call__(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Features [B, num_features]."""
        return self.output(images, IMAGE_FEATURE_VECTOR, training)

    def _shape(self, signature: str) -> tf.TensorShape:
        return self.signatures[signature].outputs[self._output_key(signature)].shape

    def _pooling(self, signature: str) -> Pooling | None:
        asked = self.feature_pooling if signature == IMAGE_FEATURE_VECTOR else AUTO
        return pooling_of(self._shape(signature), asked)

    def _output_key(self, signature: str) -> str:
        return self.feature_output if signature == IMAGE_FEATURE_VECTOR else DEFAULT_OUTPUT


def directory_fingerprint(location: str, settings: ModuleSettings) -> str:
    """The fingerprint of a module in a directory, loaded as the user says."""
    # His word may choose another function of the same content.
    chosen = [settings.module_kind, settings.feature_pooling if settings.feature_pooling != AUTO else None]
    words = [files.directory_hash(location), *filter(None, chosen)]
    return words[0] if len(words) == 1 else hashlib.sha256(" ".join(words).encode()).hexdigest()


def expected_image_size(
    handle: str, taken: Sequence[tuple[int | None, int | None]], given: int | None
) -> tuple[int, int]:
    """The (height, width) to give a module: of those it takes, where None is any, or the user's square."""
    fixed = [size for size in taken if None not in size]
    if given is None and fixed:
        return fixed[0]
    if given is None:
        raise InputError(
            f"{handle!r} takes images of any size; say with --image_size which to give it, as a rule the one "
            f"that it was trained on."
        )
    square = (given, given)
    if not any(tf.TensorShape(size).is_compatible_with(square) for size in taken):
        sizes = dict.fromkeys(f"{height or 'any'} x {width or 'any'}" for height, width in taken)
        raise InputError(
            f"{handle!r} takes images of {' or '.join(sizes)} pixels, and --image_size says {given} x "
            f"{given}; leave --image_size out, or use a module made for that size."
        )
    return square


def check_has_signature(handle: str, signatures: Mapping[str, Signature], wanted: str) -> None:
    """Raises InputError when a module lacks the signature that its consumer needs."""
    if wanted in signatures:
        return
    listed = ", ".join(sorted(signatures)) or "none"
    if wanted == IMAGE_FEATURE_VECTOR and "image_classification" in signatures:
        raise InputError(
            f"{handle!r} is a classification module (its signatures: {listed}), and retraining needs image "
            f"features; use the feature_vector module of the same network, or --module_kind={wanted} if "
            f"its outputs are features after all."
        )
    raise InputError(
        f"{handle!r} has no signature {wanted!r}; it has: {listed}. Use a module that follows the Common "
        f"Signatures for Images, or say with --module_kind what its outputs are."
    )
