"""The promises of the Common Signatures for Images, and what comes of holding them against a module.

A module conforms when none is broken. Source: https://www.tensorflow.org/hub/common_signatures/images.
"""

from collections.abc import Callable, Mapping

import tensorflow as tf

from retrain.errors import InputError
from retrain.modules.inspection import computed_promises, declared_promises
from retrain.modules.inspection.examined_module import CannotRunError, ExaminedModule
from retrain.modules.inspection.findings import FAILS, NOT_APPLICABLE, OK, Finding

Promise = Callable[[ExaminedModule], Finding]


def check(examined: ExaminedModule) -> dict[str, Finding]:
    """The findings by promise, in the order of PROMISES."""
    return {name: _held(promise, examined) for name, promise in PROMISES.items()}


def conforms(findings: Mapping[str, Finding]) -> bool:
    """Whether no promise is broken."""
    return all(finding.verdict != FAILS for finding in findings.values())


def can_be_loaded(examined: ExaminedModule) -> Finding:
    """The module is whole, and made for images."""
    if examined.module is None:
        return Finding(FAILS, examined.refusal)
    return Finding(OK, f"with TensorFlow {tf.__version__}")


def _held(promise: Promise, examined: ExaminedModule) -> Finding:
    try:
        return promise(examined)
    except CannotRunError as error:
        # That it cannot be loaded breaks one promise, not all; what we refuse to run breaks none.
        is_refused = examined.module is None or isinstance(error.__cause__, InputError)
        return Finding(NOT_APPLICABLE if is_refused else FAILS, f"not run: {error}")


PROMISES: Mapping[str, Promise] = {
    "can be loaded": can_be_loaded,
    "named signature": declared_promises.named_signature,
    "default signature": computed_promises.default_signature,
    "input": declared_promises.image_input,
    "expected size": declared_promises.expected_size,
    "features": declared_promises.features,
    "logits": declared_promises.logits,
    "linear scores": computed_promises.linear_scores,
    "any batch size": computed_promises.any_batch_size,
    "values in [0, 1]": computed_promises.value_range,
    "length at any size": computed_promises.same_length,
    "no dropout": computed_promises.no_dropout,
    "output keys": declared_promises.output_keys,
    "channels last": computed_promises.channels_last,
}
