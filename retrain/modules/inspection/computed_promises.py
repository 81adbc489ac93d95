"""The promises that show in what a module computes: batches, values, sizes, dropout, the layout of its graph.

Each takes an ExaminedModule and returns a Finding; CannotRunError where the module cannot be run to find out.
Images are made (see made_images): what only photographs would show stays unseen.
"""

import numpy as np

from retrain.errors import InputError
from retrain.modules.graphs.traced_graph import operations
from retrain.modules.image_module import ImageModule
from retrain.modules.inspection.examined_module import (
    COUNT,
    NAMED,
    CannotRunError,
    ExaminedModule,
    Outputs,
    made_images,
    run,
)
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
from retrain.modules.inspection.input_range import (
    FAR_BETTER,
    FAR_NEARER,
    OF_BYTES,
    gain_of,
    nearness_of_signed,
    refuses_bright,
)
from retrain.modules.module_spec import TRAIN
from retrain.modules.signatures import (
    DEFAULT_OUTPUT,
    DEFAULT_SIGNATURE,
    IMAGE_CLASSIFICATION,
    IMAGE_FEATURE_VECTOR,
    IMAGES,
)
from retrain.modules.sources.class_scores import are_probabilities

BATCHES = (1, 3, COUNT)
# Relative to the largest value: the order of additions may depend on the size of a batch.
TOLERANCE = 1e-4


def default_signature(examined: ExaminedModule) -> Finding:
    """Called without a name, it gives what the signature of its main task gives."""
    names = [name for name in NAMED if name in examined.declared]
    if not names and not examined.source.names_signatures:
        return Finding(NOT_APPLICABLE, "there is no named signature to equal")
    called = examined.called()
    if called is None and examined.source.names_signatures:
        return Finding(FAILS, f"there is no signature {DEFAULT_SIGNATURE!r}")
    if called is None:
        return Finding(NOT_APPLICABLE, "it cannot be called without a name")
    for name in names:
        if DEFAULT_OUTPUT in called and _equal(called[DEFAULT_OUTPUT], _rows(examined, name)):
            return Finding(OK, f"equals {name}")
    return Finding(FAILS, f"gives other values than {' and '.join(names) or 'any named signature'}")


def channels_last(examined: ExaminedModule) -> Finding:
    """Tensors are NHWC; where NCHW is faster, TensorFlow rewrites the graph itself."""
    for name, signature in examined.declared.items():
        spec = signature.inputs.get(IMAGES)
        if spec is not None and spec.shape.rank == 4 and spec.shape[1] == 3 != spec.shape[3]:
            return Finding(FAILS, f"{name} takes {described(spec)}")
    with_layout = [
        node
        for name in examined.kinds
        for node in operations(examined.traced(name))
        if "data_format" in node.attr
    ]
    others = [node for node in with_layout if node.attr["data_format"].s.startswith(b"NC")]
    if others:
        return Finding(
            FAILS, f"{len(others)} operations are NCHW, such as {others[0].name!r} ({others[0].op})"
        )
    if with_layout:
        return Finding(OK, f"all {len(with_layout)} operations with a layout are NHWC")
    return Finding(OK, "no operation has a layout")


def any_batch_size(examined: ExaminedModule) -> Finding:
    """A batch may have any size, and a row of the output is that of its own image."""
    return worst(_batches(examined, name) for name in examined.kinds)


def _batches(examined: ExaminedModule, signature: str) -> Finding:
    for count in BATCHES:
        if not _equal(_rows(examined, signature, count), _rows(examined, signature)[:count]):
            return Finding(FAILS, f"{signature} of an image differs between batches of {count} and {COUNT}")
    return Finding(OK, f"equal in batches of {', '.join(map(str, BATCHES[:-1]))} and {COUNT}")


def value_range(examined: ExaminedModule) -> Finding:
    """Images in [0, 1] make sense to it: outputs are numbers, and depend on the image."""
    return worst(_values(examined, name) for name in examined.kinds)


def _values(examined: ExaminedModule, signature: str) -> Finding:
    rows = _rows(examined, signature)
    finite = np.isfinite(rows)
    if not finite.all():
        return Finding(FAILS, f"{signature}: {1 - finite.mean():.0%} of the values are infinite or nan")
    if np.ptp(rows, axis=0).max() <= 1e-7 * np.abs(rows).max():
        return Finding(FAILS, f"{signature} gives the same for {COUNT} different images")
    if examined.loaded.divides_by > OF_BYTES:
        seen = f"its first layer divides pixels by {examined.loaded.divides_by:.4g}"
        return _other_range(examined, f"{seen}, as those in [0, 255] are", "0,255")
    if refuses_bright(examined.loaded):
        return Finding(OK, "finite, different for different images; others than in [0, 1] are refused")
    bright_images = 255.0 * made_images(examined.loaded.image_size)
    gain = gain_of(rows, _judged(examined, run(examined.loaded, signature, bright_images), signature))
    if gain > FAR_BETTER:
        seen = f"{signature} tells images in [0, 255] apart {gain:.0f} times as well"
        return _other_range(examined, seen, "0,255")
    nearness = nearness_of_signed(examined.loaded) if signature == IMAGE_FEATURE_VECTOR else 1.0
    if nearness > FAR_NEARER:
        seen = f"its first batch norm remembers images {nearness:.0f} times nearer to those in [-1, 1]"
        return _other_range(examined, seen, "-1,1")
    return Finding(OK, "finite, and different for different images")


def _other_range(examined: ExaminedModule, seen: str, meant: str) -> Finding:
    can_be_said = "module_input_range" in examined.source.reads
    says_so = f" (--module_input_range={meant} says so)" if can_be_said else ""
    return Finding(HINT, f"{seen}: as if made for these{says_so}")


def linear_scores(examined: ExaminedModule) -> Finding:
    """Classes are given linear scores, as a softmax or a sigmoid takes them, and are no features."""
    if IMAGE_CLASSIFICATION not in examined.loaded.signatures:
        if examined.loaded.doubt:
            return Finding(FAILS, examined.loaded.doubt)
        if are_probabilities(_rows(examined, IMAGE_FEATURE_VECTOR)):
            return Finding(
                FAILS, f"each row of {IMAGE_FEATURE_VECTOR} has the sum 1: probabilities of classes"
            )
        return Finding(NOT_APPLICABLE, f"there is no {IMAGE_CLASSIFICATION}")
    rows = _rows(examined, IMAGE_CLASSIFICATION)
    low, high = rows.min(), rows.max()
    if are_probabilities(rows):
        return Finding(HINT, "each row has the sum 1: these are probabilities")
    if low >= 0 and high <= 1:
        return Finding(HINT, f"all from {low:.3g} to {high:.3g}: these may be probabilities")
    return Finding(OK, f"from {low:.3g} to {high:.3g}")


def same_length(examined: ExaminedModule) -> Finding:
    """Where images of another size are taken, outputs are as long as for the expected size."""
    height, width = examined.loaded.image_size
    try:
        module = examined.at_size(max(height, width) + 32)
    except InputError:
        return Finding(NOT_APPLICABLE, f"it takes {pixels((height, width))} only")
    return worst(_lengths(examined, module, name) for name in examined.kinds)


def _lengths(examined: ExaminedModule, other: ImageModule, signature: str) -> Finding:
    rows = _rows(examined, signature)
    others = _judged(examined, run(other, signature, made_images(other.image_size)), signature)
    size = pixels(other.image_size)
    if rows.shape == others.shape:
        return Finding(OK, f"{rows.shape[-1]} from {size}, too")
    return Finding(
        FAILS, f"{signature} is of {list(rows.shape[1:])}, and of {list(others.shape[1:])} from {size}"
    )


def no_dropout(examined: ExaminedModule) -> Finding:
    """No dropout acts on features: that is left to whoever uses them."""
    if IMAGE_FEATURE_VECTOR not in examined.loaded.signatures:
        return Finding(NOT_APPLICABLE, f"there is no {IMAGE_FEATURE_VECTOR}")
    if TRAIN not in examined.spec.graphs:
        return Finding(NOT_APPLICABLE, "there is no graph for training")
    one, other = _trained(examined), _trained(examined)
    if _equal(one, other):
        return Finding(OK, "in training, features of a batch are the same twice")
    both = (one != 0) & (other != 0)
    if _equal(one[both], other[both]):
        share = 1 - both.sum() / ((one != 0) | (other != 0)).sum()
        return Finding(
            FAILS, f"in training, {share:.0%} of the features are 0 in one run and not in the next"
        )
    return Finding(
        HINT, "in training, features of a batch differ between two runs: something random acts inside"
    )


def _trained(examined: ExaminedModule) -> np.ndarray:
    """Features in training; afterwards variables are as before, but for the states of random generators."""
    module = examined.loaded
    before = [(variable, variable.numpy()) for variable in module.variables if variable.dtype.is_floating]
    try:
        outputs = run(module, IMAGE_FEATURE_VECTOR, made_images(module.image_size), training=True)
    finally:
        for variable, value in before:
            variable.assign(value)
    return _judged(examined, outputs, IMAGE_FEATURE_VECTOR)


def _rows(examined: ExaminedModule, signature: str, count: int = COUNT) -> np.ndarray:
    return _judged(examined, examined.outputs(signature, count), signature)


def _judged(examined: ExaminedModule, outputs: Outputs, signature: str) -> np.ndarray:
    key = examined.judged_output(signature)
    if key not in outputs:
        raise CannotRunError(f"{signature} has no output {key!r}")
    return outputs[key]


def _equal(one: np.ndarray, other: np.ndarray) -> bool:
    scale = np.abs(one[np.isfinite(one)]).max(initial=0.0)
    return one.shape == other.shape and np.allclose(
        one, other, rtol=0, atol=TOLERANCE * scale, equal_nan=True
    )
