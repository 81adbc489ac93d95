"""Models of keras.applications by name: `keras:NAME`, with options and weights.

The names, and the options of those that have any, stand here, so that a misspelt one is noticed before Keras
is imported.
"""

import difflib
import os
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from retrain.errors import InputError
from retrain.modules.sources.source import Source

HANDLE = re.compile(r"keras:(?P<name>\w+)(\?(?P<options>[^:]+))?(:(?P<weights>.+))?")
SHOWN_NAMES = 4
# Of the letters with which names begin, and of whole names: below, another network is meant.
LIKE = 0.6
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
# What the constructors take beside, with the values for which there are weights.
OPTIONS: Mapping[str, Mapping[str, tuple[Any, ...]]] = {
    "MobileNet": {"alpha": (0.25, 0.5, 0.75, 1.0)},
    "MobileNetV2": {"alpha": (0.35, 0.5, 0.75, 1.0, 1.3, 1.4)},
    "MobileNetV3Small": {"alpha": (0.75, 1.0), "minimalistic": (False, True)},
    "MobileNetV3Large": {"alpha": (0.75, 1.0), "minimalistic": (False, True)},
}
MINIMALISTIC_ALPHA = 1.0


class Application(NamedTuple):
    """What a handle asks for.

    Attributes:
      name: of the function in keras.applications.
      options: what it takes beside, such as alpha.
      weights: `imagenet`, the path of a file with those of the model without its classification layer, or
        None, random but the same each time.
    """

    name: str
    options: Mapping[str, Any]
    weights: str | None


class KerasApplication(Source):
    """A model of keras.applications."""

    form = "keras:NAME"
    prefixes = ("keras:",)
    title = "Keras model"
    reads = frozenset({"image_size", "feature_output", "feature_pooling"})
    loader = "retrain.modules.sources.keras_model:load_application"
    is_keras = True
    has_files = False

    def check(self) -> None:
        parse_application(self.handle)


def parse_application(handle: str) -> Application:
    """InputError for what keras.applications does not have."""
    found = HANDLE.fullmatch(handle)
    if not found:
        raise InputError(
            f"{handle!r} is not of the form keras:NAME, keras:NAME?OPTION=VALUE or keras:NAME:WEIGHTS, with "
            f"NAME a model of keras.applications and WEIGHTS imagenet (the default), none (random) or a "
            f"file; keras:MobileNetV3Large?alpha=0.75 is an example."
        )
    name, weights = found["name"], found["weights"] or "imagenet"
    if name not in IMAGE_SIZES:
        raise InputError(
            f"{handle!r} names no model of keras.applications{_nearest(name)}; "
            f"https://keras.io/api/applications lists all."
        )
    if weights not in ("imagenet", "none") and not os.path.isfile(os.path.expanduser(weights)):
        raise InputError(f"{handle!r} names the weights {weights!r}, but there is no such file.")
    options = dict(_option(handle, name, text) for text in (found["options"] or "").split("&") if text)
    if weights == "imagenet":
        _check_published(handle, name, options)
    return Application(name, options, None if weights == "none" else os.path.expanduser(weights))


def _option(handle: str, name: str, text: str) -> tuple[str, Any]:
    key, _, value = text.partition("=")
    known = OPTIONS.get(name, {})
    if key not in known:
        takes = f"only {' and '.join(known)}" if known else "none"
        raise InputError(f"{handle!r} has the option {key!r}, but {name} takes {takes}: leave it out.")
    switch = {"true": True, "false": False}
    try:
        return key, switch[value.lower()] if isinstance(known[key][0], bool) else _positive(value)
    except (KeyError, ValueError) as error:
        expected = "true or false" if isinstance(known[key][0], bool) else "a number above 0"
        raise InputError(f"{handle!r} has {key}={value!r}, and {expected} was expected.") from error


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise ValueError(text)
    return value


def _check_published(handle: str, name: str, options: Mapping[str, Any]) -> None:
    """InputError where there are no weights for the options."""
    if options.get("minimalistic") and options.get("alpha", MINIMALISTIC_ALPHA) != MINIMALISTIC_ALPHA:
        raise InputError(
            f"{handle!r} has alpha={options['alpha']:g}, and of a minimalistic {name} weights were published "
            f"for alpha={MINIMALISTIC_ALPHA:g} alone: leave one of both out, or name a file of weights."
        )
    for key, value in options.items():
        values = OPTIONS[name][key]
        if value not in values:
            raise InputError(
                f"{handle!r} has {key}={value:g}, for which no weights were published, but for "
                f"{', '.join(f'{one:g}' for one in values)}: take one of these, or name a file of weights."
            )


def _nearest(name: str) -> str:
    """Names that may have been meant, those of other families not among them: ViT_B16 is no VGG16."""
    by_lower = {known.lower(): known for known in IMAGE_SIZES}
    close = difflib.get_close_matches(name.lower(), by_lower, SHOWN_NAMES, LIKE)
    alike = [by_lower[lower] for lower in close if _family_likeness(name.lower(), lower) >= LIKE]
    return f"; the nearest names are {', '.join(alike)}" if alike else ""


def _family_likeness(one: str, other: str) -> float:
    families = (re.match("[a-z]*", name)[0] for name in (one, other))
    return difflib.SequenceMatcher(None, *families).ratio()
