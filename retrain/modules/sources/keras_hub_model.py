"""A backbone of KerasHub as an image module, behind its own preprocessing.

The preset says for which size and which pixels it was trained. Features are the backbone's last output,
pooled where it has several vectors.
"""

import contextlib
import io
from collections.abc import Iterator
from typing import Any

import keras
import keras_hub  # the extra `keras_hub`
from safetensors import SafetensorError  # it, too

from retrain.errors import InputError
from retrain.modules.image_module import expected_image_size
from retrain.modules.sources.keras_features import feature_model
from retrain.modules.sources.keras_hub_files import is_checkpoint, pixels_of
from retrain.modules.sources.keras_hub_hosts import at_hand, kaggle_reached
from retrain.modules.sources.keras_model import (
    KerasModule,
    check_is_eager,
    fingerprint_of,
    reason_of,
    weights_of,
)
from retrain.settings.module import ModuleSettings

PREFIX = "keras_hub:"
# They compute the positions of patches for the size of the images; other transformers learn them for one.
OF_ANY_SIZE = (keras_hub.models.DINOV2Backbone, keras_hub.models.DINOV3Backbone)
# What to give in the place of a preset that cannot be loaded.
OF_KERAS_HUB = "give the preset of an image model, whole, with its image converter"
OF_OTHERS = (
    "give a whole checkpoint, with its model.safetensors, of a network that it converts: of transformers "
    "DINOv2, DINOv3, DeiT, Swin, or ViT with its classification head; of timm resnet, efficientnet, "
    "mobilenetv3 or vgg"
)


def load(location: str, handle: str, settings: ModuleSettings, bfloat16: bool = False) -> KerasModule:
    """Builds the backbone, and loads its weights."""
    check_is_eager(handle)
    preset = at_hand(location.removeprefix(PREFIX), handle)
    backbone, converter = _from_preset(preset, handle, settings.image_size, bfloat16)
    scale, offset = pixels_of(converter, preset, handle)
    taken = [tuple(backbone.inputs[0].shape[1:3])]
    if None in taken[0] and converter is not None and converter.image_size:
        taken.append(tuple(converter.image_size))
    return KerasModule(
        handle,
        fingerprint=fingerprint_of(settings, scale.tolist(), offset.tolist(), *weights_of(backbone)),
        model=feature_model(backbone, settings, handle),
        preprocess=lambda images: images * scale + offset,
        image_size=expected_image_size(handle, taken, settings.image_size),
    )


def _from_preset(preset: str, handle: str, image_size: int | None, bfloat16: bool) -> tuple[keras.Model, Any]:
    """The backbone of images, and its image converter, or None where KerasHub makes none of the preset."""
    # KerasHub prints what it converts, a line for each layer.
    with _explained(handle, preset), kaggle_reached(handle), contextlib.redirect_stdout(io.StringIO()):
        converter = keras_hub.layers.ImageConverter.from_preset(preset)
        asked: dict[str, Any] = {"dtype": "mixed_bfloat16" if bfloat16 else "float32"}
        backbone = keras_hub.models.Backbone.from_preset(preset, **asked)
        if image_size and isinstance(backbone, OF_ANY_SIZE):
            asked["image_shape"] = (image_size, image_size, 3)
            backbone = keras_hub.models.Backbone.from_preset(preset, **asked)
    # That of CLIP and its like has a second tower, for text.
    backbone = getattr(backbone, "vision_encoder", backbone)
    if len(backbone.inputs) != 1:
        names = ", ".join(tensor.name for tensor in backbone.inputs)
        raise InputError(f"{handle!r} takes {names}, and an image module takes images alone: use another.")
    return backbone, converter


@contextlib.contextmanager
def _explained(handle: str, preset: str) -> Iterator[None]:
    try:
        yield
    except InputError:
        raise
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        advice = OF_OTHERS if is_checkpoint(preset) else OF_KERAS_HUB
        raise InputError(
            f"{handle!r} cannot be loaded by KerasHub {keras_hub.__version__} ({reason_of(error)}): {advice}."
        ) from error
