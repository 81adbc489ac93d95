"""Modules that are named and have no file of the user's: `builtin:`, and `keras:NAME[:WEIGHTS]`.

The names of keras.applications stand here, so that a misspelt one is noticed before Keras is imported.
"""

import difflib
import re

from retrain.errors import InputError
from retrain.modules.sources.source import Source

KERAS_NAME = re.compile(r"\w+(:(imagenet|none))?")
SHOWN_NAMES = 4
# The height and width in pixels that each was trained on: Keras tells it only with a classification layer.
IMAGE_SIZES = {
    **dict.fromkeys(
        ["ConvNeXtTiny", "ConvNeXtSmall", "ConvNeXtBase", "ConvNeXtLarge", "ConvNeXtXLarge"], 224
    ),
    **dict.fromkeys(["DenseNet121", "DenseNet169", "DenseNet201"], 224),
    "EfficientNetB0": 224,
    "EfficientNetB1": 240,
    "EfficientNetB2": 260,
    "EfficientNetB3": 300,
    "EfficientNetB4": 380,
    "EfficientNetB5": 456,
    "EfficientNetB6": 528,
    "EfficientNetB7": 600,
    "EfficientNetV2B0": 224,
    "EfficientNetV2B1": 240,
    "EfficientNetV2B2": 260,
    "EfficientNetV2B3": 300,
    "EfficientNetV2S": 384,
    "EfficientNetV2M": 480,
    "EfficientNetV2L": 480,
    **dict.fromkeys(["InceptionV3", "InceptionResNetV2", "Xception"], 299),
    **dict.fromkeys(["MobileNet", "MobileNetV2", "MobileNetV3Small", "MobileNetV3Large"], 224),
    "NASNetMobile": 224,
    "NASNetLarge": 331,
    **dict.fromkeys(["ResNet50", "ResNet101", "ResNet152"], 224),
    **dict.fromkeys(["ResNet50V2", "ResNet101V2", "ResNet152V2"], 224),
    **dict.fromkeys(["VGG16", "VGG19"], 224),
}


class Builtin(Source):
    """The module that is embedded in retrain."""

    form = "builtin:"
    prefixes = ("builtin:",)
    title = "embedded in retrain"
    reads = frozenset({"image_size"})
    loader = "retrain.modules.sources.builtin:load"
    has_files = can_be_trained = computes_in_bfloat16 = False

    def check(self) -> None:
        if self.handle != "builtin:":
            raise InputError(
                f"{self.handle!r} names an embedded module that there is not; the only one is 'builtin:'."
            )


class KerasApplication(Source):
    """A model of keras.applications by name; WEIGHTS is `imagenet`, the default, or `none`."""

    form = "keras:NAME"
    prefixes = ("keras:",)
    title = "Keras model"
    reads = frozenset({"image_size", "feature_output"})
    loader = "retrain.modules.sources.keras_model:load_application"
    has_files = False

    def check(self) -> None:
        named = self.handle.removeprefix("keras:")
        if not KERAS_NAME.fullmatch(named):
            raise InputError(
                f"{self.handle!r} is not of the form keras:NAME or keras:NAME:WEIGHTS, with NAME a model of "
                f"keras.applications and WEIGHTS imagenet (the default) or none (random); "
                f"keras:MobileNetV3Large is an example."
            )
        name = named.partition(":")[0]
        if name not in IMAGE_SIZES:
            raise InputError(
                f"{self.handle!r} names no model of keras.applications; the nearest names are "
                f"{', '.join(_nearest(name))}, and https://keras.io/api/applications lists all."
            )


def _nearest(name: str) -> list[str]:
    by_lower = {known.lower(): known for known in IMAGE_SIZES}
    close = difflib.get_close_matches(name.lower(), by_lower, SHOWN_NAMES, cutoff=0.0)
    return [by_lower[lower] for lower in close]
