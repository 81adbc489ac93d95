"""The promises that a module's signatures keep before anything is computed: names, shapes, types, sizes.

Each takes an ExaminedModule and returns a Finding. A promise that only TF1 Hub modules make does not apply to
others, which are offered by the name of their kind.
"""

import re
from collections.abc import Mapping

import tensorflow as tf

from retrain.modules.inspection.examined_module import NAMED, ExaminedModule
from retrain.modules.inspection.findings import (
    FAILS,
    HINT,
    NOT_APPLICABLE,
    OK,
    Finding,
    described,
    pixels,
    worst,
)
from retrain.modules.signatures import (
    DEFAULT_OUTPUT,
    DEFAULT_SIGNATURE,
    IMAGE_CLASSIFICATION,
    IMAGE_FEATURE_VECTOR,
    IMAGES,
)

PREFIXED = re.compile(r"[A-Za-z]\w*/.+")


def named_signature(examined: ExaminedModule) -> Finding:
    """There is a signature named after each task."""
    names = [name for name in NAMED if name in examined.declared]
    if names:
        return Finding(OK, ", ".join(names))
    if examined.source.names_signatures:
        found = ", ".join(examined.declared) or "no signature"
        return Finding(FAILS, f"neither {' nor '.join(NAMED)}, but {found}")
    return Finding(NOT_APPLICABLE, f"only TF1 Hub modules need one; offered as {', '.join(examined.kinds)}")


def image_input(examined: ExaminedModule) -> Finding:
    """The one input is `images`, float32 [None, height, width, 3]."""
    signatures = examined.declared
    names = [name for name in (*NAMED, DEFAULT_SIGNATURE) if name in signatures]
    if names:
        return worst(_input(name, signatures[name].inputs) for name in names)
    # What it was loaded as takes such images, whatever its argument is called.
    return _input("it", examined.loaded.signatures[examined.kinds[0]].inputs)


def _input(name: str, inputs: Mapping[str, tf.TensorSpec]) -> Finding:
    if list(inputs) != [IMAGES]:
        return Finding(FAILS, f"{name} takes {' and '.join(map(repr, inputs)) or 'nothing'}, not {IMAGES!r}")
    spec = inputs[IMAGES]
    shape = spec.shape
    if spec.dtype == tf.float32 and shape.rank == 4 and shape[0] is None and shape[3] == 3:
        return Finding(OK, f"{IMAGES} {described(spec)}")
    return Finding(FAILS, f"{name} takes {described(spec)}, not float32 [None, height, width, 3]")


def expected_size(examined: ExaminedModule) -> Finding:
    """The expected size of images can be asked for."""
    if examined.source.names_signatures:
        return _declared_size(examined)
    size = pixels(examined.loaded.image_size)
    if examined.names_no_size:
        return Finding(HINT, f"it takes any size and names none: run with {size}; --image_size says another")
    return Finding(OK, size)


def _declared_size(examined: ExaminedModule) -> Finding:
    inputs = [signature.inputs.get(IMAGES) for signature in examined.declared.values()]
    shapes = [tuple(spec.shape[1:3]) for spec in inputs if spec is not None and spec.shape.rank == 4]
    fixed = {shape for shape in shapes if None not in shape}
    attached = examined.spec.attached_image_size
    if attached is None and not fixed:
        return Finding(FAILS, f"neither attached nor in the shape of an input {IMAGES!r}")
    if len(fixed | {attached or next(iter(fixed))}) > 1:
        said = f"{pixels(attached)} is attached, but " if attached else ""
        return Finding(FAILS, f"{said}inputs are of {' and '.join(map(pixels, sorted(fixed)))}")
    if attached:
        return Finding(OK, f"{pixels(attached)}, attached")
    return Finding(OK, f"{pixels(fixed.pop())}, the shape of the input")


def features(examined: ExaminedModule) -> Finding:
    """The output `default` of image_feature_vector, or the one that is named, is float32 [None, n]."""
    finding = _vector(examined, IMAGE_FEATURE_VECTOR, "features")
    wanted = examined.loaded.feature_output
    if finding.verdict == OK and wanted not in examined.loaded.signatures[IMAGE_FEATURE_VECTOR].outputs:
        return Finding(FAILS, f"there is no output {wanted!r}, which --feature_output asks for")
    return finding


def logits(examined: ExaminedModule) -> Finding:
    """The output `default` of image_classification is float32 [None, num_classes]."""
    return _vector(examined, IMAGE_CLASSIFICATION, "classes")


def _vector(examined: ExaminedModule, signature: str, what: str) -> Finding:
    if signature not in examined.loaded.signatures:
        return Finding(NOT_APPLICABLE, f"there is no {signature}")
    outputs = examined.loaded.signatures[signature].outputs
    key = examined.judged_output(signature)
    if key not in outputs:
        return Finding(FAILS, f"{signature} has no output {key!r}, but {', '.join(map(repr, outputs))}")
    spec = outputs[key]
    shape = spec.shape
    if spec.dtype == tf.float32 and shape.rank == 2 and shape[0] is None and shape[1] is not None:
        return Finding(OK, f"{shape[1]} {what}: {described(spec)}")
    return Finding(FAILS, f"{signature} gives {described(spec)}, not float32 [None, number of {what}]")


def output_keys(examined: ExaminedModule) -> Finding:
    """Further outputs carry the name of the architecture, as in "InceptionV3/Mixed_5c"."""
    signatures = examined.loaded.signatures
    keys = sorted({key for name in examined.kinds for key in signatures[name].outputs} - {DEFAULT_OUTPUT})
    bare = [key for key in keys if not PREFIXED.fullmatch(key)]
    if not keys:
        return Finding(NOT_APPLICABLE, f"{DEFAULT_OUTPUT!r} is the only output")
    if bare:
        return Finding(HINT, f"{', '.join(map(repr, bare[:3]))} without the name of an architecture")
    return Finding(OK, f"{len(keys)} more, such as {keys[0]!r}")
