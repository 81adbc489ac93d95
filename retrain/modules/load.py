"""From a handle to an ImageModule that its consumer can use: resolve, load as its format asks, check."""

import tensorflow as tf

from retrain import extensions
from retrain.errors import InputError
from retrain.modules import LOADERS
from retrain.modules.image_module import ImageModule, ModuleOptions, check_has_signature
from retrain.modules.signatures import DEFAULT_OUTPUT, IMAGE_FEATURE_VECTOR
from retrain.modules.sources.resolve import resolve

NO_OPTIONS = ModuleOptions()


def load_module(
    handle: str, options: ModuleOptions = NO_OPTIONS, signature: str = IMAGE_FEATURE_VECTOR
) -> ImageModule:
    """Loads the module; `signature` is the one that the caller is going to use."""
    resolved = resolve(handle)
    load = extensions.load(LOADERS, resolved.format, "module format")
    module = load(resolved.location, handle, options)
    check_has_signature(handle, module.signatures, signature)
    _check_output(module, signature)
    return module


def _check_output(module: ImageModule, signature: str) -> None:
    """Raises InputError unless the output that matters is a vector, or can be averaged to one."""
    outputs = module.signatures[signature].outputs
    key = module.feature_output if signature == IMAGE_FEATURE_VECTOR else DEFAULT_OUTPUT
    if key not in outputs:
        raise InputError(
            f"{module.handle!r} has no output {key!r} in {signature}; it has: {', '.join(outputs)}. Name the "
            f"one that holds the features with --feature_output."
        )
    spec = outputs[key]
    if spec.dtype != tf.float32 or spec.shape.rank not in (2, 4) or spec.shape[-1] is None:
        raise InputError(
            f"The output {key!r} of {module.handle!r} in {signature} is {spec.dtype.name} {spec.shape}, and "
            f"what can be used is float32 (None, n), or (None, height, width, n) to be averaged, with n "
            f"known; its outputs are: {', '.join(outputs)}."
        )
