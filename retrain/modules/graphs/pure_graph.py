"""A graph with variables, rewritten into one without: values of variables go in, new values come out.

Every read of a variable becomes an input, every assignment a tensor that whoever runs the graph may assign.
So a graph made for TF1 sessions, with reference or resource variables, runs in a tf.function, under a
gradient tape and under any strategy, on variables that somebody else owns; and what one function computes
becomes a graph again. An order of reads and writes that the graph fixes by control inputs is kept.
"""

import collections
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import tensorflow as tf

# The definitions of operations are not public; they alone know which take a variable and not its value.
from tensorflow.python.framework import op_def_registry

VARIABLE_OPS = {"Variable", "VariableV2", "VarHandleOp"}
READ_OP = "ReadVariableOp"
# Which method of tf.Variable an assignment is, and the operation that gives the same new value.
ASSIGN_OPS = {
    "Assign": ("assign", "Identity"),
    "AssignVariableOp": ("assign", "Identity"),
    "AssignAdd": ("assign_add", "AddV2"),
    "AssignAddVariableOp": ("assign_add", "AddV2"),
    "AssignSub": ("assign_sub", "Sub"),
    "AssignSubVariableOp": ("assign_sub", "Sub"),
}
# What hands a variable on, as v1 control flow does, hands its value on as well.
PASSING_OPS = {
    **{op: op for op in ("Identity", "Switch", "Enter")},
    **{f"Ref{op}": op for op in ("Identity", "Switch", "Enter")},
}
RESOURCE = tf.resource.as_datatype_enum
# Devices and neighbours of the graph as it was, shapes as they were before sizes got known, and the names of
# gradient functions that only the process which built the graph knew: the operations' own gradients are used.
DROPPED_ATTRIBUTES = ("_class", "_output_shapes", "_gradient_op_type")


class Update(NamedTuple):
    """An assignment: `method` of the tf.Variable for `variable` is to be called with the tensor `value`."""

    method: str
    variable: str
    value: str


class PureGraph(NamedTuple):
    """Nodes by name, in an order in which each stands behind its inputs.

    Attributes:
      graph_def: version and functions of the graph, without nodes.
      nodes: the nodes, as they are now.
      variables: names of the nodes that stood for variables; their output 0 is to be fed.
      updates: assignments by the name of their node, in order.
      impure: nodes that do something else with a variable, and what to say of each.
    """

    graph_def: tf.compat.v1.GraphDef
    nodes: Mapping[str, tf.compat.v1.NodeDef]
    variables: frozenset[str]
    updates: Mapping[str, Update]
    impure: Mapping[str, str]

    def ancestors(self, names: Iterable[str], fed: Iterable[str] = ()) -> set[str]:
        """What the nodes or tensors `names` depend on, with these; not beyond the nodes that are fed."""
        found, fed = set(), set(fed)
        pending = [node_name(name) for name in names]
        while pending:
            name = pending.pop()
            if name not in found:
                found.add(name)
                if name not in fed:
                    pending.extend(map(node_name, self.nodes[name].input))
        return found

    def updates_of(self, names: Iterable[str]) -> list[Update]:
        """The assignments that happen whenever the nodes or tensors `names` are computed."""
        ancestors = self.ancestors(names)
        return [update for name, update in self.updates.items() if name in ancestors]


def node_name(tensor: str) -> str:
    """The node that a tensor "name:0", an input "name" or a control input "^name" comes from."""
    return tensor.removeprefix("^").partition(":")[0]


def variable_types(graph_def: tf.compat.v1.GraphDef) -> dict[str, int]:
    """The variables of a graph: the names of their nodes, and their types."""
    return {node.name: node.attr["dtype"].type for node in graph_def.node if node.op in VARIABLE_OPS}


def purify(graph_def: tf.compat.v1.GraphDef, variables: Mapping[str, int]) -> PureGraph:
    """Rewrites the graph; `variables`: the nodes that stand for variables, and the types of their values."""
    nodes = _in_order(graph_def)
    passed, same = _passed_on(nodes, variables)
    current = _current_values(nodes, same)
    functions = {function.signature.name for function in graph_def.library.function}
    updates, impure = {}, {}
    for name, node in nodes.items():
        taken = [_source(key, passed) for key in node.input]
        assigned = _source(node.input[0], same) if node.op in ASSIGN_OPS else None
        if reason := _impurity(node, taken, assigned, functions):
            impure[name] = reason
            continue
        for index, key in enumerate(node.input):
            node.input[index] = current.get((name, key), key)
        if assigned is not None:
            method, op = ASSIGN_OPS[node.op]
            updates[name] = Update(method, assigned, _tensor(node.input[1]))
            _become(node, op, variables[assigned])
        elif node.op == READ_OP and taken[0] is not None:
            _become(node, "Identity", variables[taken[0]])
        elif name in passed and name not in variables:
            _become(node, PASSING_OPS[node.op], variables[passed[name]])
    header = tf.compat.v1.GraphDef(library=graph_def.library)
    # A graph is joined to functions of today's version; TensorFlow warns at each when another is named.
    header.versions.producer = tf.version.GRAPH_DEF_VERSION
    return PureGraph(header, nodes, frozenset(variables), updates, impure)


def _in_order(graph_def: tf.compat.v1.GraphDef) -> dict[str, tf.compat.v1.NodeDef]:
    """Copies of the nodes by name, inputs first; the back edge of a loop counts for none."""
    nodes = {}
    for original in graph_def.node:
        node = nodes[original.name] = tf.compat.v1.NodeDef()
        node.CopyFrom(original)
        node.device = ""
        for attribute in DROPPED_ATTRIBUTES:
            node.attr.pop(attribute, None)
    waiting, consumers = {}, collections.defaultdict(list)
    for name, node in nodes.items():
        sources = {node_name(key) for key in node.input}
        if node.op == "Merge":
            sources = {source for source in sources if nodes[source].op != "NextIteration"}
        waiting[name] = len(sources)
        for source in sources:
            consumers[source].append(name)
    order = [name for name, count in waiting.items() if count == 0]
    for name in order:
        for consumer in consumers[name]:
            waiting[consumer] -= 1
            if waiting[consumer] == 0:
                order.append(consumer)
    return {name: nodes[name] for name in order}


def _passed_on(
    nodes: Mapping[str, tf.compat.v1.NodeDef], variables: Mapping[str, int]
) -> tuple[dict[str, str], dict[str, str]]:
    """The nodes whose output is a variable, not its value, and which; and those where it always is."""
    passed = {name: name for name in variables}
    same = dict(passed)
    for name, node in nodes.items():
        source = node_name(node.input[0]) if node.op in PASSING_OPS else None
        # Identity of a reference is its value.
        if source in passed and (node.op.startswith("Ref") or node.attr["T"].type == RESOURCE):
            passed[name] = passed[source]
            if source in same and PASSING_OPS[node.op] == "Identity":
                same[name] = same[source]
    return passed, same


def _current_values(
    nodes: Mapping[str, tf.compat.v1.NodeDef], same: Mapping[str, str]
) -> dict[tuple[str, str], str]:
    """For nodes that take a variable after an assignment: (node, input) -> the node that assigned last."""
    consumers = collections.defaultdict(list)
    for name, node in nodes.items():
        for key in node.input:
            consumers[node_name(key)].append(name)
    current = {}
    for name, node in nodes.items():
        variable = _source(node.input[0], same) if node.op in ASSIGN_OPS else None
        if variable is None:
            continue
        later, pending = set(), list(consumers[name])
        while pending:
            follower = pending.pop()
            if follower not in later:
                later.add(follower)
                pending.extend(consumers[follower])
        for follower in later:
            keys = (key for key in nodes[follower].input if _source(key, same) == variable)
            current.update({(follower, key): name for key in keys})
    return current


def _source(key: str, owners: Mapping[str, str]) -> str | None:
    """The variable that an input is, if it is one."""
    return None if key.startswith("^") else owners.get(node_name(key))


def _become(node: tf.compat.v1.NodeDef, op: str, dtype: int) -> None:
    """Makes the node an operation on values of that type."""
    if node.op in ASSIGN_OPS and op == "Identity":
        del node.input[0]
    for attribute in ("dtype", "use_locking", "validate_shape"):
        node.attr.pop(attribute, None)
    node.op = op
    node.attr["T"].type = dtype


def _tensor(key: str) -> str:
    return key if ":" in key else f"{key}:0"


def _impurity(
    node: tf.compat.v1.NodeDef, taken: Sequence[str | None], assigned: str | None, functions: set[str]
) -> str | None:
    """Why the node cannot stay in a graph without variables, or None."""
    definition = op_def_registry.get(node.op)
    if definition is None and node.op not in functions:
        return f"its operation {node.name!r} ({node.op}) is unknown to TensorFlow {tf.__version__}"
    variable = next(filter(None, taken), None)
    if variable is None or assigned is not None or node.op in (READ_OP, *PASSING_OPS):
        return None
    arguments = definition.input_arg if definition else ()
    by_reference = any(argument.is_ref or argument.type == RESOURCE for argument in arguments)
    # The arguments of a function have no types of their own in the definition.
    if by_reference or definition is None or "Tin" in node.attr:
        return (
            f"its operation {node.name!r} ({node.op}) uses the variable {variable!r} otherwise than by "
            f"reading or assigning it, which cannot be rewritten for TensorFlow {tf.__version__}"
        )
    return None
