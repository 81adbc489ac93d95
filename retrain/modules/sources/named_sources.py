"""Modules that are named and have no file of the user's: `builtin:NAME`, and `keras:NAME[:WEIGHTS]`.

The names of keras.applications stand here, so that a misspelt one is noticed before Keras is imported.
"""

import difflib
import os
import re

from retrain.errors import InputError
from retrain.modules.sources.embedded import BUILTIN, EMBEDDED, GRADIENTS, read_weights
from retrain.modules.sources.source import Source

KERAS_NAME = re.compile(r"\w+(:(imagenet|none))?")
SHOWN_NAMES = 4
# Of the 1000 classes, line = index; google-coral/test_data has them with a line for the background ahead.
IMAGENET_LABELS = os.path.join(os.path.dirname(__file__), "imagenet_labels.txt")
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


class Gradients(Source):
    """The embedded module without weights; names that no embedded module has end here, too."""

    form = BUILTIN
    title = "embedded in retrain"
    reads = frozenset({"image_size"})
    loader = "retrain.modules.sources.gradients:load"
    has_files = can_be_trained = computes_in_bfloat16 = False

    @classmethod
    def recognises(cls, location: str) -> bool:
        return location.startswith(BUILTIN) and location not in EMBEDDED

    def check(self) -> None:
        if self.handle != GRADIENTS:
            raise InputError(
                f"{self.handle!r} names an embedded module that there is not; there are "
                f"{', '.join(EMBEDDED)} and {GRADIENTS}, and {BUILTIN} is the best one installed."
            )


class EfficientNetLite(Source):
    """An embedded network, whose weights come in a package of their own."""

    form = BUILTIN
    title = "embedded in retrain"
    reads = frozenset({"image_size"})
    loader = "retrain.modules.sources.efficientnet_lite:load"
    has_files = False
    label_map = IMAGENET_LABELS

    @classmethod
    def recognises(cls, location: str) -> bool:
        return location in EMBEDDED

    def check(self) -> None:
        read_weights(self.location)


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
