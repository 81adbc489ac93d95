import pytest
import tensorflow as tf

from retrain.causes import cause_of

IN_A_GRAPH = """Graph execution error:

Detected at node model/conv/Relu defined at (most recent call last):
<stack traces unavailable>
Fused conv does not support grouped convolutions for now.
\t [[{{node model/conv/Relu}}]] [Op:__inference_restored_function_body_492]"""
WITH_PLACES = """Graph execution error:

Detected at node 'div' defined at (most recent call last):
    File "train.py", line 3, in <module>
      main()
    File "train.py", line 9, in main
Detected at node 'div' defined at (most recent call last):
    File "train.py", line 9, in main
2 root error(s) found.
  (0) INVALID_ARGUMENT:  Integer division by zero
\t [[{{node div}}]]
\t [[div/_1]]
  (1) INVALID_ARGUMENT:  Integer division by zero
\t [[{{node div}}]]
0 successful operations.
0 derived errors ignored. [Op:__inference_f_7]"""


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        (IN_A_GRAPH, "Fused conv does not support grouped convolutions for now."),
        (WITH_PLACES, "Integer division by zero"),
        (
            "{{function_node __wrapped__MatMul_device}} Matrix size-incompatible [Op:MatMul] name: ",
            "Matrix size-incompatible",
        ),
        ("No such layer.\nDid you mean another?", "No such layer."),
        ("\nShapes do not match: (2, 3)", "Shapes do not match: (2, 3)"),
        ("Graph execution error:", "Graph execution error:"),
        ("", "ValueError"),
    ],
)
def test_the_line_that_says_what_went_wrong(words, cause):
    assert cause_of(ValueError(words)) == cause


def test_words_of_tensorflow_itself():
    divide = tf.function(lambda by: 1 // by)
    with pytest.raises(tf.errors.InvalidArgumentError) as info:
        divide(tf.constant(0))
    assert cause_of(info.value) == "Integer division by zero"
