"""The signature that is given files of images, as bytes, and names their classes: nothing is left to clients.

Input `image_bytes`, strings [B]: JPEG, PNG, GIF, BMP, WebP. Outputs `classes`, strings [B, K], from the most
probable on, MOST at most, and `scores`, their probabilities [B, K]; with several tasks `classes/TASK` and
`scores/TASK` of each; `familiarity` [B] where it is told.
"""

import functools
from collections.abc import Callable

import tensorflow as tf

from retrain.data.images import KEPT
from retrain.data.images_in_graph import image_from_bytes
from retrain.familiarity import FAMILIARITY
from retrain.model import ImageClassifier
from retrain.modules.signatures import DEFAULT_OUTPUT
from retrain.settings.data import Decoding

IMAGE_BYTES, CLASSES, SCORES = "image_bytes", "classes", "scores"
MOST = 10


@functools.lru_cache(KEPT)
def pictures(image_size: tuple[int, int], decoding: Decoding) -> Callable[[tf.Tensor], tf.Tensor]:
    """The function from bytes of files [B] to float32 [B, h, w, 3] in [0, 1], traced once a process."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
    def of(contents: tf.Tensor) -> tf.Tensor:
        return tf.map_fn(
            lambda one: image_from_bytes(one, image_size, decoding),
            contents,
            fn_output_signature=tf.TensorSpec([*image_size, 3], tf.float32),
        )

    return of.get_concrete_function()


def ranked(classifier: ImageClassifier, features: tf.Tensor) -> dict[str, tf.Tensor]:
    """Features [B, F] -> the outputs."""
    logits = classifier.logits(features)
    served, outputs = classifier.served(features, logits), {}
    for task, head in classifier.heads.items():
        one = len(classifier.heads) == 1
        scores, order = tf.math.top_k(served[DEFAULT_OUTPUT if one else task], min(MOST, head.num_classes))
        suffix = "" if one else f"/{task}"
        outputs[f"{CLASSES}{suffix}"] = tf.gather(tf.constant(head.class_names), order)
        outputs[f"{SCORES}{suffix}"] = scores
    if FAMILIARITY in served and FAMILIARITY not in classifier.heads:
        outputs[FAMILIARITY] = served[FAMILIARITY]
    return outputs
