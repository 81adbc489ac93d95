"""Whether the files of a module can be loaded and run without doing anything but computing.

Looked at are all nodes of all graphs and of the functions in their libraries, so that it is the same whether
they are reached by a signature, an initializer, a restore function or an asset; only the saver, which loading
leaves alone, may name files. Nothing is built and nothing is run.
"""

import pathlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf.meta_graph_pb2 import MetaGraphDef
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from retrain.errors import InputError
from retrain.modules.graphs.operations import SAVER, function_attributes, is_allowed, is_known
from retrain.modules.graphs.pure_graph import node_name

LARGEST_CONSTANT = 2**31  # bytes: no file of a graph can hold more, but it can ask for more
SHOWN = 5


def check_saved_model(path: pathlib.Path, handle: str) -> None:
    """InputError unless the graphs in a saved_model.pb only compute; damage is left to who loads it."""
    try:
        graphs = SavedModel.FromString(path.read_bytes()).meta_graphs
    except DecodeError:
        return
    for graph in graphs:
        _check_constants(graph, handle)
        _check_calls(graph, handle)
        _check_operations(graph, handle)


def operations_in(path: pathlib.Path) -> tuple[int, list[str]]:
    """How many operations a saved_model.pb has, each counted once, and those that do not just compute."""
    graphs = SavedModel.FromString(path.read_bytes()).meta_graphs
    found = {node.op for graph in graphs for node in _all_nodes(graph)}
    return len(found), sorted(set().union(*map(other_operations, graphs)))


def other_operations(graph: MetaGraphDef) -> set[str]:
    """The operations in it that do something else than compute; those of the saver are its own."""
    functions = _functions(graph)
    saver = _saver_nodes(graph)
    called = _reached(_calls(node for node in graph.graph_def.node if node.name in saver), functions)
    roots = {*graph.object_graph_def.concrete_functions, *(set(functions) - called)}
    roots |= _calls(node for node in graph.graph_def.node if node.name not in saver)
    of_saver = called - _reached(roots, functions)
    found = {n.op for n in graph.graph_def.node if n.op not in SAVER or n.name not in saver}
    for name, nodes in functions.items():
        found |= {node.op for node in nodes} - (SAVER if name in of_saver else set())
    return {op for op in found if not (is_allowed(op) or op in functions)}


def _check_operations(graph: MetaGraphDef, handle: str) -> None:
    found = sorted(other_operations(graph))
    unknown = [op for op in found if not is_known(op)]
    if unknown:
        raise InputError(
            f"{handle!r} cannot be loaded: TensorFlow {tf.__version__} does not have its operations "
            f"{_listed(unknown)}; export the module without them."
        )
    if found:
        raise InputError(
            f"{handle!r} is not loaded: its graphs have operations that do something else than compute, such "
            f"as read or write files, print, or run other programs ({_listed(found)}); if you trust who made "
            f"it, give --allow_unsafe_module_ops."
        )


def _check_constants(graph: MetaGraphDef, handle: str) -> None:
    for node in _all_nodes(graph):
        if node.op == "Const" and "value" in node.attr:
            tensor = node.attr["value"].tensor
            sizes = [abs(dim.size) for dim in tensor.tensor_shape.dim]
            if np.prod(sizes, dtype=np.float64) * _bytes(tensor.dtype) > LARGEST_CONSTANT:
                raise InputError(
                    f"{handle!r} is not loaded: its constant {node.name!r} says that it has the shape "
                    f"{sizes}, which is more than a module can hold; fetch or export the module again."
                )


def _check_calls(graph: MetaGraphDef, handle: str) -> None:
    """InputError where a function calls itself: no image module does, and it may never end."""
    functions = _functions(graph)
    calls = {name: _calls(nodes) & set(functions) for name, nodes in functions.items()}
    while done := [name for name, called in calls.items() if not called & set(calls)]:
        for name in done:
            del calls[name]
    if calls:
        raise InputError(
            f"{handle!r} is not loaded: its function {min(calls)!r} calls itself, and may never end; export "
            f"the module again."
        )


def _functions(graph: MetaGraphDef) -> dict[str, Sequence[Any]]:
    """The nodes of each function, by its name."""
    return {function.signature.name: function.node_def for function in graph.graph_def.library.function}


def _all_nodes(graph: MetaGraphDef) -> Iterator[Any]:
    yield from graph.graph_def.node
    for nodes in _functions(graph).values():
        yield from nodes


def _saver_nodes(graph: MetaGraphDef) -> set[str]:
    """The nodes that only saving and restoring need."""
    saver = graph.saver_def
    used = [tensor.name for by_key in graph.signature_def.values() for tensor in by_key.outputs.values()]
    used += [name for collection in graph.collection_def.values() for name in collection.node_list.value]
    inputs = {node.name: [node_name(key) for key in node.input] for node in graph.graph_def.node}
    tensors = [saver.save_tensor_name, saver.restore_op_name, saver.filename_tensor_name]
    return _reached(map(node_name, tensors), inputs) - _reached(map(node_name, used), inputs)


def _reached(names: Iterable[str], following: Mapping[str, Sequence[Any]]) -> set[str]:
    """These, and what follows from them: nodes their inputs, functions those that they call."""
    found, waiting = set(), list(names)
    while waiting:
        name = waiting.pop()
        if name in following and name not in found:
            found.add(name)
            after = following[name]
            waiting += after if not after or isinstance(after[0], str) else _calls(after)
    return found


def _calls(nodes: Iterable[Any]) -> set[str]:
    """The names of the functions that nodes call, by an attribute or as their operation."""
    found = set()
    for node in nodes:
        found.add(node.op)
        for attribute in function_attributes(node.op):
            value = node.attr[attribute]
            found |= {value.func.name, *(function.name for function in value.list.func)}
    return found


def _bytes(dtype: int) -> int:
    return max(1, tf.as_dtype(dtype).size)


def _listed(names: Sequence[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")
