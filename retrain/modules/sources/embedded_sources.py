"""The modules that are embedded in retrain, `builtin:NAME`: one without weights, and networks."""

import os

from retrain.errors import InputError
from retrain.modules.sources.embedded import BUILTIN, EMBEDDED, GRADIENTS, read_weights
from retrain.modules.sources.source import Source

# Of the 1000 classes, line = index; google-coral/test_data has them with a line for the background ahead.
IMAGENET_LABELS = os.path.join(os.path.dirname(__file__), "imagenet_labels.txt")


class Gradients(Source):
    """The embedded module without weights; names that no embedded module has end here, too."""

    form = BUILTIN
    title = "embedded in retrain"
    reads = frozenset({"image_size"})
    loader = "retrain.modules.sources.gradients:load"
    has_files = can_be_trained = computes_in_bfloat16 = False
    licence = "apache-2.0"  # ours

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
    licence = "apache-2.0"
    label_map = IMAGENET_LABELS

    @classmethod
    def recognises(cls, location: str) -> bool:
        return location in EMBEDDED

    def check(self) -> None:
        read_weights(self.location)
