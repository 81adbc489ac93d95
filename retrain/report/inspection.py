"""What `inspect` found, for people and for programs."""

import json
import shutil
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

import tensorflow as tf

from retrain.modules.inspection.conformance import conforms
from retrain.modules.inspection.description import Description
from retrain.modules.inspection.findings import FAILS, Finding, described, pixels
from retrain.modules.signatures import Signature

SHOWN_OUTPUTS = 2
WIDEST = 110
UNKNOWN = "unknown"


def as_text(description: Description, findings: Mapping[str, Finding]) -> str:
    """Facts, signatures and promises, a line each; the last line says whether the module conforms."""
    facts = _aligned((name, value) for name, value in _facts(description).items())
    signatures = _aligned((name, _signature(it)) for name, it in description.signatures.items())
    promises = _aligned((f"{of.verdict:5}  {name}", of.seen) for name, of in findings.items())
    return "\n".join(
        [
            *(description.handle, *facts, ""),
            *("Signatures", *signatures, ""),
            *("Promises of the Common Signatures for Images", *promises, ""),
            _conclusion(findings),
        ]
    )


def as_json(description: Description, findings: Mapping[str, Finding]) -> str:
    """The same in full, as one object."""
    return json.dumps(as_content(description, findings), indent=2, ensure_ascii=False)


def as_content(description: Description, findings: Mapping[str, Finding]) -> dict[str, Any]:
    """That object: facts, signatures, promises, and whether the module conforms."""
    facts = description._asdict() | {"signatures": _specs(description.signatures)}
    promises = [{"promise": name, "verdict": of.verdict, "seen": of.seen} for name, of in findings.items()]
    return {**facts, "promises": promises, "conforms": conforms(findings)}


def _facts(description: Description) -> dict[str, str]:
    size = description.image_size
    return {
        "format": description.format,
        "size on disk": "none"
        if description.size_on_disk is None
        else _magnitude(description.size_on_disk, "B"),
        "image size": pixels(size) if size else UNKNOWN,
        "parameters": _magnitude(description.parameters),
        "trainable": _trainable(description),
        "update ops": _count(description.update_ops),
        "regularization losses": _count(description.regularization_losses),
        "FLOPs per image": _flops(description.flops_per_image),
        "operations": _operations(description),
    }


def _trainable(description: Description) -> str:
    if description.trainable_variables is None:
        return UNKNOWN
    return f"{_magnitude(description.trainable_parameters)} in {description.trainable_variables} variables"


def _operations(description: Description) -> str:
    if description.operations is None:
        return UNKNOWN
    others = ", ".join(description.other_operations)
    does = f"of which these do more than compute: {others}" if others else "which compute and do nothing else"
    return f"{description.operations} kinds, {does}"


def _flops(value: int | None) -> str:
    return UNKNOWN if value is None else f"{_magnitude(value)} (convolutions and matrix products)"


def _count(value: int | None) -> str:
    return UNKNOWN if value is None else str(value)


def _magnitude(value: int | None, unit: str = "") -> str:
    if value is None:
        return UNKNOWN
    number, steps = float(value), ["", "k", "M", "G", "T"]
    while number >= 999.5 and len(steps) > 1:
        number /= 1000
        steps.pop(0)
    return f"{number:.3g} {steps[0]}{unit}".rstrip()


def _signature(signature: Signature) -> str:
    inputs = ", ".join(_tensor(key, spec) for key, spec in signature.inputs.items())
    outputs = [_tensor(key, spec) for key, spec in signature.outputs.items()]
    more = len(outputs) - SHOWN_OUTPUTS
    outputs = [*outputs[:SHOWN_OUTPUTS], *([f"{more} more"] if more > 0 else [])]
    return f"{inputs} -> {', '.join(outputs)}"


def _tensor(key: str, spec: tf.TensorSpec) -> str:
    return f"{key} {described(spec).removeprefix('float32 ')}"


def _aligned(rows: Iterable[tuple[str, str]]) -> list[str]:
    """Names in one column, what belongs to them in the next, as wide as the terminal."""
    listed = list(rows)
    column = max((len(name) for name, _ in listed), default=0) + 4
    width = max(column + 30, min(shutil.get_terminal_size().columns, WIDEST))
    lines = []
    for name, text in listed:
        wrapped = textwrap.wrap(text, width - column, break_long_words=False, break_on_hyphens=False) or [""]
        lines += [f"{f'  {name}' if index == 0 else '':{column}}{line}" for index, line in enumerate(wrapped)]
    return lines


def _conclusion(findings: Mapping[str, Finding]) -> str:
    broken = [name for name, finding in findings.items() if finding.verdict == FAILS]
    if broken:
        return f"It does not conform: {', '.join(broken)}."
    return "It conforms."


def _specs(signatures: Mapping[str, Signature]) -> dict[str, dict[str, dict[str, dict[str, object]]]]:
    return {
        name: {"inputs": _by_key(signature.inputs), "outputs": _by_key(signature.outputs)}
        for name, signature in signatures.items()
    }


def _by_key(specs: Mapping[str, tf.TensorSpec]) -> dict[str, dict[str, object]]:
    return {
        key: {"dtype": spec.dtype.name, "shape": None if spec.shape.rank is None else spec.shape.as_list()}
        for key, spec in specs.items()
    }
