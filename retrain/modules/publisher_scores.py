"""What stands behind the class scores that a publisher's module gives: a softmax, a sigmoid, or nothing.

The specification wants logits there, and modules give all three; the graph shows which.
"""

import tensorflow as tf

from retrain.modules.graphs.last_product import last_product
from retrain.modules.graphs.pure_function import pure_function
from retrain.modules.image_module import ImageModule
from retrain.modules.signatures import IMAGE_CLASSIFICATION


def squashing_of(module: ImageModule, signature: str = IMAGE_CLASSIFICATION) -> str | None:
    """What the scores of a signature went through: "softmax", "log_softmax" or "sigmoid".

    None of logits, and where the graph does not show the layer that makes the scores.
    """

    @tf.function(input_signature=[tf.TensorSpec([None, *module.image_size, 3], tf.float32)], autograph=False)
    def scores(images: tf.Tensor) -> tf.Tensor:
        return module.output(images, signature)

    variables = {id(variable.handle): variable for variable in module.variables}
    pure = pure_function(scores.get_concrete_function(), variables)
    found = None if pure is None else last_product(pure.graph, pure.outputs[0], pure.images)
    return None if found is None else found.behind
