"""What a module is, in figures: its size, what it can learn, what it costs.

None is what cannot be told: the variables of a module that was refused, the size of one without a file.
"""

import os
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import tensorflow as tf
from google.protobuf.message import DecodeError

from retrain.modules.graphs.graph_safety import operations_in
from retrain.modules.graphs.traced_graph import count_float_operations, count_updates
from retrain.modules.inspection.examined_module import CannotRunError, ExaminedModule
from retrain.modules.signatures import Signature
from retrain.modules.sources.source import SAVED_MODEL_FILE, Source


class Description(NamedTuple):
    """Facts of a module; those of training are of its first common signature.

    Operations are those in its files, each counted once; `other_operations` do not just compute.
    """

    handle: str
    format: str
    size_on_disk: int | None
    image_size: tuple[int, int] | None
    parameters: int | None
    trainable_variables: int | None
    trainable_parameters: int | None
    update_ops: int | None
    regularization_losses: int | None
    flops_per_image: int | None
    operations: int | None
    other_operations: Sequence[str] | None
    signatures: Mapping[str, Signature]


def describe(examined: ExaminedModule) -> Description:
    """The facts, as far as they can be told."""
    module, source = examined.module, examined.source
    operations, others = _operations(source)
    return Description(
        handle=source.handle,
        format=source.title,
        size_on_disk=_size_on_disk(pathlib.Path(source.files)) if source.files else None,
        image_size=module and module.image_size,
        parameters=module and _parameters(module.variables),
        trainable_variables=module and len(module.trainable_variables),
        trainable_parameters=module and _parameters(module.trainable_variables),
        update_ops=_of_graph(examined, count_updates, training=True),
        regularization_losses=module and len(module.regularization_losses),
        flops_per_image=_of_graph(examined, count_float_operations, training=False),
        operations=operations,
        other_operations=others,
        signatures=_signatures(examined),
    )


def _signatures(examined: ExaminedModule) -> Mapping[str, Signature]:
    """What the files say, else what the module offers."""
    try:
        return examined.declared or examined.loaded.signatures
    except CannotRunError:
        return {}


def _operations(source: Source) -> tuple[int | None, Sequence[str] | None]:
    try:
        return operations_in(pathlib.Path(source.location, SAVED_MODEL_FILE))
    except (OSError, DecodeError):  # of other sources, or damaged
        return None, None


def _size_on_disk(path: pathlib.Path) -> int | None:
    if path.is_file():
        return path.stat().st_size
    files = [os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names]
    return sum(map(os.path.getsize, files)) if path.is_dir() else None


def _parameters(variables: Sequence[tf.Variable]) -> int:
    return sum(variable.shape.num_elements() for variable in variables if variable.dtype.is_floating)


def _of_graph(examined: ExaminedModule, measure: Callable[[Any], int], training: bool) -> int | None:
    try:
        return measure(examined.traced(examined.kinds[0], training))
    # A cost is only known where shapes are.
    except (CannotRunError, ValueError, TypeError):
        return None
