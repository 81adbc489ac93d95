import pytest
import tensorflow as tf

from retrain.errors import InputError
from retrain.modules.runnable import runnable


def test_what_this_machine_cannot_compute_is_a_sentence():
    words = "Graph execution error:\n\nDetected at node Relu\n<stack traces unavailable>\nNo fused groups.\n"
    with pytest.raises(InputError) as info, runnable("m"):
        raise tf.errors.UnimplementedError(None, None, words)
    assert str(info.value) == (
        f"'m' cannot be run on this machine by TensorFlow {tf.__version__} (No fused groups): use a machine "
        f"with a GPU or another CPU, or another module."
    )


def test_other_errors_stay():
    with pytest.raises(tf.errors.ResourceExhaustedError), runnable("m"):
        raise tf.errors.ResourceExhaustedError(None, None, "no memory")
    with runnable("m"):
        pass
