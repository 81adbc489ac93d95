"""What stands behind the last matrix product of a Keras model, and what that does with the product's values.

Layers and operations (keras.ops) alike, by the names of their classes: those of operations are not public.
"""

import dataclasses

import keras

SQUASHING = {"Softmax": "softmax", "LogSoftmax": "log_softmax", "Sigmoid": "sigmoid"}
HANDING_ON = {"Activation", "Flatten", "Reshape", "Identity", "Squeeze", "ExpandDims", "Cast", "Log"}
DROPPING = {"Dropout", "AlphaDropout", "GaussianDropout"}
SHIFTING = {"Add", "Subtract"}
SCALING = {"Rescaling", "Multiply", "Divide", "TrueDivide"}
BATCH_NORM = "BatchNormalization"
PASSED = {*SQUASHING, *HANDING_ON, *DROPPING, *SHIFTING, *SCALING, BATCH_NORM}
# What has weights, and yet works on each value or normalises all.
WEIGHTED = {BATCH_NORM, "LayerNormalization", "GroupNormalization", "RMSNormalization", "Normalization"}
WEIGHTED |= {"PReLU"}


@dataclasses.dataclass
class KerasTail:
    """What was passed on the way back from the output to the product.

    Attributes:
      names: of what was passed, the last first.
      behind: "softmax", "log_softmax" or "sigmoid" where one was.
      has_bias: whether something is added.
      is_normalised: whether a batch norm was passed.
      is_linear: whether values were but handed on, scaled, shifted or dropped.
      is_end: whether no product behind can be the last.
    """

    names: list[str] = dataclasses.field(default_factory=list)
    behind: str | None = None
    has_bias: bool = False
    is_normalised: bool = False
    is_linear: bool = True
    is_end: bool = False

    def pass_by(self, operation: keras.Operation, inputs: list[keras.KerasTensor]) -> None:
        """Takes note of an operation that is no product; it is the end unless scores may go through it."""
        kind = type(operation).__name__
        self._note(operation)
        self.has_bias |= kind in SHIFTING or (kind == BATCH_NORM and operation.center)
        self.is_normalised |= kind == BATCH_NORM
        self.is_linear &= kind in PASSED
        self.is_end = len(inputs) > 1 or not (self.is_linear or self.behind)

    def pass_product(self, layer: keras.layers.Layer) -> None:
        """Takes note of the product itself."""
        self._note(layer)
        self.has_bias |= getattr(layer, "bias", None) is not None

    def _note(self, operation: keras.Operation) -> None:
        self.names.append(operation.name)
        function = SQUASHING.get(type(operation).__name__) or _activation(operation)
        self.is_linear &= function in (*SQUASHING.values(), None)
        if self.is_linear:
            self.behind = self.behind or function


def is_product(operation: keras.Operation) -> bool:
    """Whether it multiplies by weights."""
    return bool(getattr(operation, "weights", ())) and type(operation).__name__ not in WEIGHTED


def is_dense(layer: keras.layers.Layer, read: keras.KerasTensor) -> bool:
    """Whether it makes a vector of a vector; a convolution of one place does, too."""
    is_of_vector = len(read.shape) == 2 or read.shape[1:-1] == (1, 1)
    dense = keras.layers.Dense | keras.layers.EinsumDense | keras.layers.Conv2D
    return is_of_vector and isinstance(layer, dense)


def _activation(operation: keras.Operation) -> str | None:
    """Its name; None where it is none, or the identity."""
    name = getattr(getattr(operation, "activation", None), "__name__", None)
    return None if name == "linear" else name
