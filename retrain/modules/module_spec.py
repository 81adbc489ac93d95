"""The description of a module: its signatures by tags, and the image size that its publisher attached.

Names of the methods are those of tensorflow_hub.ModuleSpec, whose users ask these questions.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from retrain.errors import InputError
from retrain.modules.signatures import (
    DEFAULT_SIGNATURE,
    IMAGE_CLASSIFICATION,
    IMAGE_FEATURE_VECTOR,
    Signature,
)

Tags = frozenset[str]
INFERENCE: Tags = frozenset()
TRAIN: Tags = frozenset({"train"})


class ModuleSpec(NamedTuple):
    """What a module is before it is loaded.

    Attributes:
      handle: what the user named.
      graphs: tags -> signature name -> Signature; that for inference, without tags, is always there.
      attached_image_size: the (height, width) of the attached image_module_info, if there is one.
    """

    handle: str
    graphs: Mapping[Tags, Mapping[str, Signature]]
    attached_image_size: tuple[int, int] | None = None

    @property
    def default_signature(self) -> str:
        """The signature of the primary task: the one so named, else the last that the network computes."""
        names = self.graphs[INFERENCE]
        primary = (DEFAULT_SIGNATURE, IMAGE_CLASSIFICATION, IMAGE_FEATURE_VECTOR)
        return next((name for name in primary if name in names), DEFAULT_SIGNATURE)

    def get_tags(self) -> list[set[str]]:
        """The tags of each graph."""
        return [set(tags) for tags in self.graphs]

    def get_signature_names(self, tags: Any = None) -> list[str]:
        """The names of all signatures of a graph."""
        return list(self._graph(tags))

    def get_input_info_dict(self, signature: str | None = None, tags: Any = None) -> dict[str, tf.TensorSpec]:
        """Shapes and types of a signature's inputs, by name."""
        return dict(self._signature(signature, tags).inputs)

    def get_output_info_dict(
        self, signature: str | None = None, tags: Any = None
    ) -> dict[str, tf.TensorSpec]:
        """Shapes and types of a signature's outputs, by key."""
        return dict(self._signature(signature, tags).outputs)

    def _signature(self, name: str | None, tags: Any) -> Signature:
        found = self._graph(tags)
        name = self.default_signature if name is None else name
        if name not in found:
            raise InputError(
                f"{self.handle!r} has no signature {name!r}; it has: {', '.join(found) or 'none'}."
            )
        return found[name]

    def _graph(self, tags: Any) -> Mapping[str, Signature]:
        wanted = frozenset(tags or ())
        if wanted not in self.graphs:
            listed = ", ".join(str(sorted(known)) for known in self.graphs)
            raise InputError(
                f"{self.handle!r} has no graph with the tags {sorted(wanted)}; it has: {listed}."
            )
        return self.graphs[wanted]
