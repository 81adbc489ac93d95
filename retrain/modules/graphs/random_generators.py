"""Random numbers of generators, whose state is no variable of a module, drawn without them.

Layers of augmentation hold a tf.random.Generator each. Where it stands in its sequence no export has to keep:
what it gives to draw numbers by is drawn itself.
"""

import tensorflow as tf

from retrain.modules.graphs.pure_graph import node_name

READ, DRAW = "RngReadAndSkip", "RandomUniformInt"
# A counter of two numbers and a key: of the longest state there is.
LENGTH = 3


def has_generators(graph_def: tf.compat.v1.GraphDef) -> bool:
    """Whether some is read, in a function too."""
    bodies = [graph_def.node, *(function.node_def for function in graph_def.library.function)]
    return any(node.op == READ for body in bodies for node in body)


def without_generators(graph_def: tf.compat.v1.GraphDef) -> None:
    """Puts a draw in the place of each read of a generator; those in loops and branches stay."""
    reads = [node for node in graph_def.node if node.op == READ]
    generators = _with_sources(graph_def, {node_name(node.input[0]) for node in reads})
    for node in reads:
        bounds = {"shape": [LENGTH], "least": tf.int64.min, "most": tf.int64.max}
        names = [_constant(graph_def, f"{node.name}/{name}", value) for name, value in bounds.items()]
        node.op = DRAW
        node.input[:] = [*names, *(key for key in node.input if key.startswith("^"))]
        node.attr.clear()
        for attribute in ("T", "Tout"):
            node.attr[attribute].type = tf.int64.as_datatype_enum
    for node in graph_def.node:
        # Inlined functions wait for all that they were given.
        node.input[:] = [key for key in node.input if key[:1] != "^" or key[1:] not in generators]


def _with_sources(graph_def: tf.compat.v1.GraphDef, names: set[str]) -> set[str]:
    """With the nodes that hand these on."""
    nodes = {node.name: node for node in graph_def.node}
    found, pending = set(), list(names)
    while pending:
        name = pending.pop()
        found.add(name)
        pending.extend(map(node_name, nodes[name].input[:1] if nodes[name].op == "Identity" else ()))
    return found


def _constant(graph_def: tf.compat.v1.GraphDef, name: str, value: int | list[int]) -> str:
    node = graph_def.node.add(name=name, op="Const")
    node.attr["dtype"].type = tf.int64.as_datatype_enum
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value, tf.int64))
    return name
