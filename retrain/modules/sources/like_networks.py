"""What to give in the place of a module that no host gives: a network of its kind, and one that is here."""

import re

from retrain.modules.sources.embedded import USUAL, best

# What names of published modules hold, those that hold others first; {} is the variant.
LIKE = {
    r"mobilenet_?v3.*small": "keras:MobileNetV3Small",
    r"mobilenet_?v3": "keras:MobileNetV3Large",
    r"mobilenet_?v2": "keras:MobileNetV2",
    r"mobilenet": "keras:MobileNet",
    r"efficientnet.*lite": USUAL,
    r"efficientnet_?v2.*_(b[0-3]|[sml])(?![a-z0-9])": "keras:EfficientNetV2{}",
    r"efficientnet.*(b[0-7])": "keras:EfficientNet{}",
    r"efficientnet_?v2": "keras:EfficientNetV2S",
    r"efficientnet": "keras:EfficientNetB0",
    r"inception_?resnet": "keras:InceptionResNetV2",
    r"inception": "keras:InceptionV3",
    r"resnet_?v2_?(50|101|152)": "keras:ResNet{}V2",
    r"bit.*r(50|101|152)x": "keras:ResNet{}V2",
    r"resnet.*(50|101|152)": "keras:ResNet{}",
    r"resnet": "keras:ResNet50",
    r"nasnet.*mobile": "keras:NASNetMobile",
    r"nasnet": "keras:NASNetLarge",
    r"densenet_?(121|169|201)": "keras:DenseNet{}",
    r"xception": "keras:Xception",
    r"vgg_?(16|19)": "keras:VGG{}",
    r"convnext.*(tiny|small|base|large)": "keras:ConvNeXt{}",
}


def alternative_to(name: str) -> str:
    """What may be given instead, in words: a network like that which is named, and one that is here."""
    like, here = _like(name.lower().replace("-", "_")), best()
    of_its_kind = f"{like!r} is a network of its kind, and " if like not in (None, here) else ""
    return f"{of_its_kind}{here!r} needs no download"


def _like(name: str) -> str | None:
    found = ((re.search(pattern, name), handle) for pattern, handle in LIKE.items())
    return next(
        (handle.format(*map(str.capitalize, match.groups())) for match, handle in found if match), None
    )
