"""The models of keras.applications by name, so that a misspelt one is noticed before Keras is imported.

With the height and width in pixels that each was trained on: Keras tells it only with a classification layer.
"""

import difflib

from retrain.errors import InputError

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

SHOWN_NAMES = 4


def check_name(name: str, handle: str) -> None:
    """Raises InputError, which tells the nearest names, for what is no model of keras.applications."""
    if name in IMAGE_SIZES:
        return
    by_lower = {known.lower(): known for known in IMAGE_SIZES}
    close = difflib.get_close_matches(name.lower(), by_lower, SHOWN_NAMES, cutoff=0.0)
    raise InputError(
        f"{handle!r} names no model of keras.applications; the nearest names are "
        f"{', '.join(by_lower[lower] for lower in close)}, and https://keras.io/api/applications lists all."
    )
