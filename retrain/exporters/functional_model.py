"""A classifier as a functional Keras model, where its base is a Keras model: of Keras' layers alone.

Images float32 [B, H, W, 3] in [0, 1] -> what the base expects -> the base -> logits of each task, by a Dense
layer -> their probabilities at the temperature, under the task's key. What tells familiarity is no layer.
"""

import keras

from retrain.heads.head import Head
from retrain.heads.sigmoid import SigmoidHead
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from retrain.modules.signatures import DEFAULT_OUTPUT, IMAGES
from retrain.plain_name import plain_name

ACTIVATIONS = {SoftmaxHead: "softmax", SigmoidHead: "sigmoid"}


def functional_model(classifier: ImageClassifier) -> keras.Model | None:
    """The model, with the weights of the classifier; None where Keras alone cannot read it again."""
    if not {type(head) for head in classifier.heads.values()} <= set(ACTIVATIONS):
        return None
    images = keras.Input([*classifier.image_size, 3], name=IMAGES)
    features = classifier.base.of_keras(images)
    if features is None:
        return None
    outputs = {}
    for task, head in classifier.heads.items():
        dense = keras.layers.Dense(head.num_classes, name=f"logits_{plain_name(task)}")
        logits = dense(features)
        dense.set_weights([classifier.kernels[task].numpy(), classifier.biases[task].numpy()])
        key = task if len(classifier.heads) > 1 else DEFAULT_OUTPUT
        outputs[key] = _probabilities(logits, head, plain_name(task))
    model = keras.Model(images, outputs)
    return model if _is_read_again(model) else None


def _is_read_again(model: keras.Model) -> bool:
    """Whether Keras makes the model of its own description; some layers of KerasHub 0.32 refuse theirs."""
    try:
        keras.Model.from_config(model.get_config())
    except (TypeError, ValueError):
        return False
    return True


def _probabilities(logits: keras.KerasTensor, head: Head, name: str) -> keras.KerasTensor:
    if head.temperature != 1.0:
        logits = keras.layers.Rescaling(1.0 / head.temperature, name=f"temperature_{name}")(logits)
    return keras.layers.Activation(ACTIVATIONS[type(head)], name=f"probabilities_{name}")(logits)
