"""What a module takes and gives, without loading its variables: the consumer's first questions.

The files of TF1 Hub modules and SavedModels are read in milliseconds; Keras models and the builtin module
are loaded, which is quick. Those that take a `training` argument are described as having a graph for each
value of it.
"""

from typing import Any

from retrain import extensions
from retrain.errors import InputError
from retrain.modules import LOADERS, SPEC_READERS
from retrain.modules.image_module import ModuleOptions
from retrain.modules.module_spec import INFERENCE, TRAIN, ModuleSpec
from retrain.modules.signatures import IMAGES
from retrain.modules.sources.resolve import resolve


def load_module_spec(handle: str) -> ModuleSpec:
    """Describes the module; InputError when there is none, or when it is damaged."""
    format_name, location = resolve(handle)
    if format_name in SPEC_READERS:
        return extensions.load(SPEC_READERS, format_name, "module format")(location, handle)
    module = extensions.load(LOADERS, format_name, "module format")(location, handle, ModuleOptions())
    return ModuleSpec(handle, dict.fromkeys((INFERENCE, TRAIN), module.signatures))


def get_expected_image_size(
    module_or_spec: Any, signature: str | None = None, input_name: str | None = None
) -> tuple[int, int]:
    """The (height, width) of the images that a Module, or the module of a ModuleSpec, expects."""
    spec = _spec(module_or_spec)
    if spec.attached_image_size:
        return spec.attached_image_size
    height, width = _shape(spec, signature, input_name)[1:3]
    if height is None or width is None:
        raise InputError(
            f"{spec.handle!r} takes images of any size and does not say which it expects; use the size that "
            f"its publisher documents."
        )
    return height, width


def get_num_image_channels(
    module_or_spec: Any, signature: str | None = None, input_name: str | None = None
) -> int:
    """The number of channels of the images that the module expects: 3 for RGB."""
    spec = _spec(module_or_spec)
    channels = _shape(spec, signature, input_name)[3]
    if channels is None:
        raise InputError(f"{spec.handle!r} does not say how many channels its images have.")
    return channels


def _spec(module_or_spec: Any) -> ModuleSpec:
    return module_or_spec if isinstance(module_or_spec, ModuleSpec) else module_or_spec.spec


def _shape(spec: ModuleSpec, signature: str | None, input_name: str | None) -> list[int | None]:
    """[batch, height, width, channels] of an input."""
    name = input_name or IMAGES
    inputs = spec.get_input_info_dict(signature)
    asked = signature or spec.default_signature
    if name not in inputs:
        raise InputError(
            f"{spec.handle!r} has no input {name!r} in {asked}; it has: {', '.join(inputs) or 'none'}."
        )
    if inputs[name].shape.rank != 4:
        raise InputError(
            f"The input {name!r} of {spec.handle!r} in {asked} has the shape {inputs[name].shape}, and "
            f"images have (batch, height, width, channels)."
        )
    return inputs[name].shape.as_list()
