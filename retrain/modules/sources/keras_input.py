"""What images a Keras model takes: of which size and pixels, if any, and what it divides these by."""

import numbers
from collections.abc import Iterator

import keras
import numpy as np

from retrain.errors import InputError
from retrain.modules.image_module import expected_image_size
from retrain.modules.runnable import takes_size
from retrain.modules.sources.keras_graph import is_transparent
from retrain.settings.module import ModuleSettings

BYTES = (0.0, 255.0)
# What leaves pixels as large as they are, beside layers that draw at random.
SAME_SCALE = {"InputLayer", "Resizing", "CenterCrop", "Cropping2D", "ZeroPadding2D", "Identity", "Cast"}
DRAWING = ("Random", "AugMix", "Auto")


def image_size_of(model: keras.Model, handle: str, settings: ModuleSettings) -> tuple[int, int]:
    """The (height, width) of what to give it; InputError unless its one input is a batch of such images."""
    side = settings.image_size
    if isinstance(model, keras.Sequential) and not model.built and side is not None:
        with takes_size(handle, (side, side)):
            model.build((None, side, side, 3))
    _check_shape(model, handle)
    _check_pixels(model, handle, settings)
    taken = tuple(model.input_shape[1:3])
    image_size = expected_image_size(handle, [taken], side)
    if None in taken:
        with takes_size(handle, image_size):
            model.compute_output_spec(keras.KerasTensor((None, *image_size, 3)))
    return image_size


def first_divisor(model: keras.Model) -> float:
    """What pixels are divided by before anything else; 1.0 where they are not, or it is not told.

    In a model that ends behind a layer that divides by 255 it is the range of the pixels it was made for.
    """
    first = next((each for each in _operations(model) if not _keeps_scale(each)), None)
    kind = type(first).__name__
    if kind == "Rescaling":
        return 1.0 / max(float(np.max(np.abs(first.scale))), 1e-9)
    if kind == "Normalization" and first.mean is not None:
        return float(np.sqrt(np.max(keras.ops.convert_to_numpy(first.variance))))
    if kind in ("Divide", "TrueDivide"):
        by = first._inbound_nodes[0].arguments.args[1]
        return float(by) if isinstance(by, numbers.Real) else 1.0
    return 1.0


def _check_shape(model: keras.Model, handle: str) -> None:
    shape = getattr(model, "input_shape", None) if model.built else None
    if not (isinstance(shape, tuple) and len(shape) == 4 and shape[3] == 3):
        raise InputError(
            f"{handle!r} has the input shape {shape}, and an image module takes RGB images, (None, height, "
            f"width, 3), as its one input: use a functional or Sequential model of these, with --image_size "
            f"where the file leaves the size open."
        )
    if shape[0] is not None:
        raise InputError(
            f"{handle!r} has the input shape {shape}, for batches of {shape[0]} alone, as a model has that "
            f"was first called on these, or made with batch_size={shape[0]}, and an image module takes those "
            f"of any size: make it with keras.Input({shape[1:]}), give it these weights, and save that."
        )


def _check_pixels(model: keras.Model, handle: str, settings: ModuleSettings) -> None:
    """InputError where it takes whole numbers, and would see images in [0, 1] as black."""
    dtype = keras.backend.standardize_dtype(model.inputs[0].dtype)
    if keras.backend.is_float_dtype(dtype):
        return
    plain = ModuleSettings(module_input_range=BYTES)
    said = [name for name in vars(plain) if name.startswith("module_input_")]
    if any(getattr(settings, name) != getattr(plain, name) for name in said):
        raise InputError(
            f"{handle!r} takes pixels of {dtype}, whole numbers, which are all 0 of images in [0, 1]: give "
            f"--module_input_range=0,255, and neither --module_input_mean nor --module_input_std."
        )


def _operations(model: keras.Model) -> Iterator[keras.Operation]:
    """The layers, and operations that are none, from the input on, also those of models inside."""
    for each in model.layers if isinstance(model, keras.Sequential) else model.operations:
        if is_transparent(each):
            yield from _operations(each)
        else:
            yield each


def _keeps_scale(operation: keras.Operation) -> bool:
    name = type(operation).__name__
    return name in SAME_SCALE or name.startswith(DRAWING)
