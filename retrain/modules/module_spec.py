"""What a module takes and gives, without loading its variables: the consumer's first questions.

The files of TF1 Hub modules and SavedModels are read in milliseconds; Keras models and the builtin module
are loaded, which is quick. Those that take a `training` argument are described as having a graph for each
value of it. Names are those of tensorflow_hub, whose users ask these questions.
"""

import contextlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, NoReturn

import tensorflow as tf

from retrain.errors import InputError
from retrain.modules.signatures import (
    DEFAULT_SIGNATURE,
    IMAGE_CLASSIFICATION,
    IMAGE_FEATURE_VECTOR,
    IMAGES,
    Signature,
)
from retrain.modules.sources.source import source_of
from retrain.settings.python_words import arguments_of, said_in_python

Tags = frozenset[str]
INFERENCE: Tags = frozenset()
TRAIN: Tags = frozenset({"train"})


class TensorInfo(tf.TensorSpec):
    """A TensorSpec that answers `get_shape()` and `is_sparse`, too, as users of tensorflow_hub ask for it."""

    def get_shape(self) -> tf.TensorShape:
        return self.shape

    @property
    def is_sparse(self) -> bool:
        return False

    def __eq__(self, other: Any) -> bool:
        """Whether a TensorSpec says the same."""
        own = (self.shape, self.dtype, self.name)
        return isinstance(other, tf.TensorSpec) and own == (other.shape, other.dtype, other.name)

    __hash__ = tf.TensorSpec.__hash__


class ModuleSpec(NamedTuple):
    """What a module is before it is loaded.

    Attributes:
      handle: what the user named.
      graphs: tags -> signature name -> Signature; that for inference, without tags, is always there.
      attached_image_size: the (height, width) of the attached image_module_info, if there is one.
      attachments: tags -> key -> what the publisher of a TF1 Hub module attached to the graph, serialized.
    """

    handle: str
    graphs: Mapping[Tags, Mapping[str, Signature]]
    attached_image_size: tuple[int, int] | None = None
    attachments: Mapping[Tags, Mapping[str, bytes]] = MappingProxyType({})

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

    def get_input_info_dict(self, signature: str | None = None, tags: Any = None) -> dict[str, tf.TypeSpec]:
        """Shapes and types of a signature's inputs, by name."""
        return _infos(self._signature(signature, tags).inputs)

    def get_output_info_dict(self, signature: str | None = None, tags: Any = None) -> dict[str, tf.TypeSpec]:
        """Shapes and types of a signature's outputs, by key."""
        return _infos(self._signature(signature, tags).outputs)

    def get_attached_message(
        self, key: str, message_type: type, tags: Any = None, required: bool = False
    ) -> Any:
        """What was attached under `key`, as a message of this class of protocol buffers; None without any.

        InputError instead where it is required.
        """
        attached = self.attachments.get(frozenset(tags or ()), {})
        if key in attached:
            return message_type.FromString(attached[key])
        if required:
            listed = ", ".join(map(repr, sorted(attached))) or "nothing"
            raise InputError(f"{self.handle!r} has no attached message {key!r}, but {listed}.")
        return None

    def export(self, *_: Any, **__: Any) -> NoReturn:
        """Says what writes a module."""
        raise InputError(
            f"The spec of {self.handle!r} has no values of variables: write the module with "
            f"hub.Module(spec).export(path, session)."
        )

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


def _infos(specs: Mapping[str, tf.TypeSpec]) -> dict[str, tf.TypeSpec]:
    """What is dense as TensorInfo, all else as it is."""
    return {
        key: TensorInfo(spec.shape, spec.dtype, spec.name) if isinstance(spec, tf.TensorSpec) else spec
        for key, spec in specs.items()
    }


@said_in_python(arguments_of(()))
def load_module_spec(handle: str) -> ModuleSpec:
    """Describes the module; InputError when there is none, or when it is damaged."""
    with _outside():
        return source_of(handle).read_spec()


def _outside() -> contextlib.AbstractContextManager[Any]:
    """Where what has to be loaded, only to be described, leaves nothing in the graph that is being built."""
    if tf.executing_eagerly():
        return contextlib.nullcontext()
    return tf.init_scope() if tf.inside_function() else tf.Graph().as_default()


def get_expected_image_size(
    module_or_spec: Any, signature: str | None = None, input_name: str | None = None
) -> list[int]:
    """[height, width] of the images that a Module, or the module of a ModuleSpec, expects."""
    spec = _spec(module_or_spec)
    if spec.attached_image_size:
        return list(spec.attached_image_size)
    height, width = _shape(spec, signature, input_name)[1:3]
    if height is None or width is None:
        raise InputError(
            f"{spec.handle!r} takes images of any size and does not say which it expects; use the size that "
            f"its publisher documents."
        )
    return [height, width]


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
