import tensorflow as tf

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


def test_the_worst_of_several_says_what_was_seen_there():
    findings = [Finding(OK, "a"), Finding(FAILS, "b"), Finding(HINT, "c"), Finding(FAILS, "d")]
    assert worst(findings) == (FAILS, "b; d")
    assert worst([Finding(OK, "same"), Finding(OK, "same")]) == (OK, "same")
    assert worst([Finding(NOT_APPLICABLE, "a"), Finding(OK, "b")]) == (OK, "b")


def test_words_for_tensors_and_sizes():
    assert described(tf.TensorSpec([None, 8, 3], tf.float32)) == "float32 [None, 8, 3]"
    assert described(tf.TensorSpec(None, tf.uint8)) == "uint8 of unknown shape"
    assert pixels((224, 192)) == "224 x 192"
