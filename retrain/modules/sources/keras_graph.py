"""How the tensors of a Keras model are made of each other: layers backwards from its outputs.

Of the call of each layer, not of the layer: one that is used inside another model, or was built twice, as
those of a loaded Sequential are, has outputs that are none of this model.
"""

from collections.abc import Iterator
from typing import NamedTuple

import keras


class Step(NamedTuple):
    """A call of a layer, or of an operation that is none, in a model."""

    operation: keras.Operation
    inputs: list[keras.KerasTensor]
    output: keras.KerasTensor


def step_to(tensor: keras.KerasTensor) -> Step:
    """The call that made the tensor."""
    # There is no public way.
    made = tensor._keras_history
    return Step(made.operation, made.operation._inbound_nodes[made.node_index].input_tensors, tensor)


def backwards(tensor: keras.KerasTensor) -> Iterator[Step]:
    """The calls from the tensor back to where the model branches or begins."""
    step = step_to(tensor)
    while step.inputs:
        yield step
        if len(step.inputs) > 1:
            return
        step = step_to(step.inputs[0])


def output_of(model: keras.Model, name: str) -> keras.KerasTensor | None:
    """What the layer of that name gives in the model; None where no call is of one so named."""
    pending, seen = list(model.outputs), set()
    while pending:
        step = step_to(pending.pop())
        if step.operation.name == name:
            return step.output
        if id(step.output) not in seen:
            seen.add(id(step.output))
            pending.extend(step.inputs)
    return None


def is_transparent(operation: keras.Operation) -> bool:
    """Whether it is a model of one input and one output, into which one can look."""
    return (
        isinstance(operation, keras.Model)
        and len(getattr(operation, "inputs", None) or ()) == 1
        and len(getattr(operation, "outputs", None) or ()) == 1
    )
