import pytest
import tensorflow as tf

from retrain.errors import InputError
from retrain.modules.runnable import runnable, takes_size


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


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("Conv2D.call().\n\nNegative dimension size caused by subtracting 3 from 2 for '{{node ", None),
        ("Cannot reshape.", "Cannot reshape"),
    ],
)
def test_a_size_for_which_a_module_cannot_be_built_is_a_sentence(words, why):
    with pytest.raises(InputError) as info, takes_size("m", (32, 24)):
        raise ValueError(words)
    assert str(info.value) == (
        f"'m' does not take images of 32 x 24 pixels "
        f"({why or 'Negative dimension size caused by subtracting 3 from 2'}): give another --image_size, as "
        f"a rule the one that it was trained on."
    )
