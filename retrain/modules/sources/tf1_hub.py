"""Modules of the TF1 Hub format as image modules, on today's TensorFlow.

The graph without tags serves for inference, that with the tag "train" for training: one set of variables,
batch norm over the batch, its updates applied at each call. A module with only the first is the same in
training, as it was to its own library. Every signature whose one input is `images` is offered; the default
one also under the name of its kind where none is named. `feature_output` is any output key of
image_feature_vector.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf.meta_graph_pb2 import MetaGraphDef, SignatureDef, TensorInfo

from retrain.errors import InputError
from retrain.modules.graphs.graph_part import GraphFunction
from retrain.modules.graphs.mixed_precision import in_bfloat16
from retrain.modules.graphs.pure_graph import PureGraph, purify, variable_types
from retrain.modules.image_module import (
    ImageModule,
    check_has_signature,
    directory_fingerprint,
    expected_image_size,
)
from retrain.modules.module_spec import INFERENCE, TRAIN
from retrain.modules.signatures import (
    DEFAULT_OUTPUT,
    DEFAULT_SIGNATURE,
    IMAGE_CLASSIFICATION,
    IMAGE_FEATURE_VECTOR,
    Signature,
    image_signature,
    takes_images,
    takes_no_images,
)
from retrain.modules.sources.tf1_hub_files import (
    PENALTIES,
    UPDATES,
    attached_image_size,
    collected,
    described_signature,
    make_variables,
    read_graphs,
    tensor_spec,
)
from retrain.settings.module import ModuleSettings


class TF1HubModule(ImageModule):
    """A TF1 Hub module: its functions by training and signature, and its variables by name."""

    def __init__(
        self,
        handle: str,
        fingerprint: str,
        signatures: Mapping[str, Signature],
        image_size: tuple[int, int],
        feature_output: str,
        feature_pooling: str,
        functions: Mapping[bool, Mapping[str, GraphFunction]],
        penalties: Sequence[GraphFunction],
        variables: Mapping[str, tf.Variable],
    ):
        super().__init__(
            handle,
            fingerprint,
            signatures,
            image_size,
            feature_output=feature_output,
            feature_pooling=feature_pooling,
        )
        self._by_name = dict(variables)
        # A proxy and a closure, because tf.Module would track a dict and a tuple.
        self._functions = MappingProxyType(dict(functions))
        self._penalties = lambda: tuple(penalties)

    @property
    def variables(self) -> tuple[tf.Variable, ...]:
        # In the order of the graph: tf.Module would sort them by name, Conv2d_10 before Conv2d_2.
        return tuple(self._by_name.values())

    @property
    def regularization_losses(self) -> Sequence[Callable[[], tf.Tensor]]:
        return tuple(map(self._loss, self._penalties()))

    def _loss(self, penalty: GraphFunction) -> Callable[[], tf.Tensor]:
        # Without arguments indeed: a default value would be saved with it.
        return lambda: penalty(self._by_name)[DEFAULT_OUTPUT]

    def outputs(self, images: tf.Tensor, signature: str, training: bool = False) -> dict[str, tf.Tensor]:
        check_has_signature(self.handle, self.signatures, signature)
        function = self._functions[training][signature]
        if training and function.loop:
            raise InputError(
                f"{self.handle!r} computes {signature!r} in a loop of TensorFlow 1 ({function.loop!r}), "
                f"through which it cannot be trained; use it frozen."
            )
        if training:
            function.check_no_jax(signature)
        return function(self._by_name, tf.convert_to_tensor(images, tf.float32), apply_updates=training)


def load(location: str, handle: str, settings: ModuleSettings, bfloat16: bool = False) -> TF1HubModule:
    """Loads the module in the directory `location`."""
    kind = settings.module_kind
    graphs = read_graphs(location, handle)
    inference = graphs[INFERENCE]
    training = graphs.get(TRAIN, inference)
    named = _image_signatures(inference, kind, handle)
    image_size = expected_image_size(handle, _sizes(inference, named), settings.image_size)
    described = {name: described_signature(definition).outputs for name, definition in named.items()}
    pure = {tags: _pure(graph, bfloat16) for tags, graph in ((INFERENCE, inference), (TRAIN, training))}
    functions = _functions(inference, pure[INFERENCE], named, handle)
    in_training = _functions(training, pure[TRAIN], _image_signatures(training, kind, handle), handle)
    return TF1HubModule(
        handle,
        directory_fingerprint(location, settings),
        signatures={name: image_signature(image_size, outputs) for name, outputs in described.items()},
        image_size=image_size,
        feature_output=settings.feature_output or DEFAULT_OUTPUT,
        feature_pooling=settings.feature_pooling,
        functions={False: functions, True: functions | in_training},
        penalties=[
            GraphFunction(pure[TRAIN], {}, {DEFAULT_OUTPUT: name}, [], handle)
            for name in collected(training, PENALTIES)
        ],
        variables=make_variables(location, handle, [inference, training]),
    )


def _image_signatures(graph: MetaGraphDef, kind: str | None, handle: str) -> dict[str, SignatureDef]:
    """The signatures to offer by name: those of images alone, and the default one under that of its kind."""
    inputs = {
        name: list(described_signature(definition).inputs.values())
        for name, definition in sorted(graph.signature_def.items())
    }
    named = {name: graph.signature_def[name] for name in inputs if takes_images(inputs[name])}
    if not named or IMAGE_FEATURE_VECTOR in set(inputs) - set(named):
        raise takes_no_images(handle, [inputs.get(IMAGE_FEATURE_VECTOR)] if named else inputs.values())
    if DEFAULT_SIGNATURE in named:
        if kind is not None:
            named[kind] = named[DEFAULT_SIGNATURE]
        elif not {IMAGE_FEATURE_VECTOR, IMAGE_CLASSIFICATION} & set(named):
            named[IMAGE_FEATURE_VECTOR] = named[DEFAULT_SIGNATURE]
    return named


def _sizes(graph: MetaGraphDef, signatures: Mapping[str, Any]) -> list[tuple[int | None, int | None]]:
    """The (height, width) that the publisher attached, if any, and those of each input."""
    taken = [tuple(tensor_spec(_images(each)).shape[1:3].as_list()) for each in signatures.values()]
    attached = attached_image_size(graph)
    return [attached, *taken] if attached else taken


def _images(definition: SignatureDef) -> TensorInfo:
    """The one input, whatever it is called."""
    [images] = definition.inputs.values()
    return images


def _pure(graph: MetaGraphDef, bfloat16: bool) -> PureGraph:
    pure = purify(graph.graph_def, variable_types(graph.graph_def))
    return in_bfloat16(pure) if bfloat16 else pure


def _functions(
    graph: MetaGraphDef, pure: PureGraph, signatures: Mapping[str, Any], handle: str
) -> dict[str, GraphFunction]:
    functions = {}
    for name, definition in signatures.items():
        images = _images(definition)
        outputs = {key: output.name for key, output in definition.outputs.items()}
        updates = pure.updates_of([*collected(graph, UPDATES), *outputs.values()])
        functions[name] = GraphFunction(pure, {images.name: tensor_spec(images)}, outputs, updates, handle)
    return functions
