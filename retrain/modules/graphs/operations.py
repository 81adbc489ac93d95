"""The operations that the graph of an image module may have: those that compute, from images and variables.

A module is a program that comes from elsewhere. TensorFlow sorts its operations into groups, one Python file
each; allowed are the groups that compute, and variables. Not among them, without having to be listed, are
files, sockets, datasets, summaries, what prints, Python, other devices, and what will be new tomorrow.
"""

import functools
import importlib

# The groups of operations are not public, and no other list sorts them by what they do.
from tensorflow.python import ops as groups
from tensorflow.python.framework import op_def_registry

GROUPS = (
    *("array", "bitwise", "composite_tensor", "control_flow", "functional", "image", "linalg", "list"),
    *("manip", "map", "math", "nn", "optional", "parsing", "ragged_array", "ragged_conversion"),
    *("ragged_math", "random", "random_index_shuffle", "resource_variable", "rnn", "set", "sparse"),
    *("special_math", "spectral", "state", "stateful_random", "stateless_random", "string", "uniform_quant"),
)
# Of those groups: what ends the process, and what computes elsewhere.
EXCEPTIONS = {"Abort", "RemoteCall"}
# Of others: tables in memory, loops and branches of TensorFlow 1, programs of JAX, conditions that must hold.
OTHERS = {
    *("HashTable", "HashTableV2", "AnonymousHashTable", "LookupTableFind", "LookupTableFindV2"),
    *("InitializeTable", "InitializeTableV2", "LookupTableSizeV2"),
    *("DynamicPartition", "DynamicStitch", "ParallelDynamicStitch", "StackV2", "StackPushV2", "StackPopV2"),
    *("XlaCallModule", "XlaSharding", "Assert"),
    *("StatelessRandomGetAlg", "StatelessRandomGetKeyCounter", "StatelessRandomGetKeyCounterAlg"),
    *("StatelessRandomUniformV2", "StatelessRandomUniformIntV2", "StatelessRandomUniformFullIntV2"),
    *("StatelessRandomNormalV2", "StatelessTruncatedNormalV2", "StatelessShuffle"),
}
TENSOR_ARRAYS = "TensorArray"  # how their names begin
# What writes and reads the checkpoint of a module, which only its saver may.
SAVER = {"SaveV2", "RestoreV2", "MergeV2Checkpoints", "ShardedFilename"}


@functools.cache
def computing_operations() -> frozenset[str]:
    """The names of the allowed operations."""
    found = set()
    for group in GROUPS:
        found |= set(vars(importlib.import_module(f"{groups.__name__}.gen_{group}_ops")))
    return frozenset(name for name in found if is_known(name)) - EXCEPTIONS | OTHERS


def is_known(op: str) -> bool:
    """Whether TensorFlow has an operation of that name."""
    return op_def_registry.get(op) is not None


@functools.cache
def function_attributes(op: str) -> tuple[str, ...]:
    """The attributes of an operation that name functions which it calls."""
    definition = op_def_registry.get(op)
    found = definition.attr if definition is not None else ()
    return tuple(attribute.name for attribute in found if attribute.type in ("func", "list(func)"))


def is_allowed(op: str) -> bool:
    """Whether it computes, and nothing else."""
    return op in computing_operations() or op.startswith(TENSOR_ARRAYS)
