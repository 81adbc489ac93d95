"""What a classifier serves, as one function to be converted: images -> probabilities, familiarity."""

from typing import Any, NamedTuple

import tensorflow as tf

from retrain.familiarity import FAMILIARITY
from retrain.model import ImageClassifier
from retrain.modules.signatures import IMAGES, SERVING_SIGNATURE


class ServedFunction(NamedTuple):
    """A concrete function of images float32 [B, H, W, 3], whose outputs are a list.

    Attributes:
      keys: what each output is called: the task, or `default` where there is one; familiarity last.
    """

    function: Any
    keys: tuple[str, ...]

    def no_signatures(self, classifier: ImageClassifier) -> dict[str, str]:
        """What is described of a format in which outputs have names, and no signatures: "" for each."""
        return dict.fromkeys([*classifier.heads, *self.keys], "")


def served_function(
    classifier: ImageClassifier, batch: int | None = None, tells_familiarity: bool = True
) -> ServedFunction:
    """Traces it for batches of this size, or of any."""
    keys = list(classifier.signatures[SERVING_SIGNATURE].outputs)
    if not tells_familiarity and classifier.familiarity is not None:
        keys.remove(FAMILIARITY)
    spec = tf.TensorSpec([batch, *classifier.image_size, 3], tf.float32, name=IMAGES)

    @tf.function(input_signature=[spec], autograph=False)
    def served(images: tf.Tensor) -> list[tf.Tensor]:
        outputs = classifier.outputs(images, SERVING_SIGNATURE)
        return [tf.identity(outputs[key], name=f"output_{place}") for place, key in enumerate(keys)]

    return ServedFunction(served.get_concrete_function(), tuple(keys))
