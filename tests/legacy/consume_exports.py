"""What the genuine libraries make of our exports: hub.Module of hub_module, hub.load and hub.KerasLayer of
saved_model.

Usage: consume_exports.py DIRECTORY: reads `images.npz` there (NAME: batches [2, N, H, W, 3]) and
NAME/hub_module, NAME/saved_model; writes consumed.npz, of inference on the first batch and one step on the
second; and `card`, what the code on NAME/hub_module's card gives for NAME/picture.png, where there is one.
Runs in the old environment.
"""

import os
import pathlib
import re
import sys

import genuine
import numpy as np
import tensorflow as tf
import tensorflow_hub as hub


def saved_model(path, batches):
    layer = hub.KerasLayer(path, trainable=True)
    loaded = layer.resolved_object  # of hub.load
    found = {"inference": loaded(batches[0]), "features": loaded.image_feature_vector(batches[0])}
    for task, probabilities in loaded.signatures["serving_default"](tf.constant(batches[0])).items():
        found[f"served {task}"] = probabilities
    with tf.GradientTape() as tape:
        output = layer(batches[1], training=True)
        loss = tf.reduce_mean(output**2) + sum(layer.losses)
    gradients = tape.gradient(loss, layer.trainable_variables)
    for variable, gradient in zip(layer.trainable_variables, gradients, strict=True):
        if gradient is not None:
            variable.assign_sub(genuine.LEARNING_RATE * gradient)
    found.update(loss=loss, output=output, after=layer(batches[0]), counts=len(layer.trainable_variables))
    return {key: np.asarray(value) for key, value in found.items()}


def model_card(export, picture):
    """The logits that its code for hub.Module gives."""
    text = pathlib.Path(export, "README.md").read_text("utf-8")
    code = re.search(r"^hub\.Module:\n\n```python\n(.*?)\n```$", text, re.DOTALL | re.MULTILINE)[1]
    code = code.replace("import retrain.modules as hub", "import tensorflow_hub as hub")
    code = code.replace('"THIS_DIRECTORY"', repr(export)).replace("'PICTURE.jpg'", repr(picture))
    names = {}
    with tf.Graph().as_default():
        exec(code, names)
        with tf.compat.v1.Session() as session:
            session.run(tf.compat.v1.global_variables_initializer())
            return session.run(names["logits"])


def main(directory):
    found = {}
    for name, batches in np.load(os.path.join(directory, "images.npz")).items():
        path = os.path.join(directory, name)
        module = genuine.inference(os.path.join(path, "hub_module"), batches[0])
        for signature in genuine.classifications(os.path.join(path, "hub_module")):
            steps = genuine.sgd_steps(os.path.join(path, "hub_module"), batches[1:], signature)
            module.update({f"{signature}|{key}": value for key, value in steps.items()})
        picture = os.path.join(path, "picture.png")
        if os.path.exists(picture):
            module["card"] = model_card(os.path.join(path, "hub_module"), picture)
        for kind, figures in (
            ("hub_module", module),
            ("saved_model", saved_model(f"{path}/saved_model", batches)),
        ):
            found.update({f"{name}|{kind}|{key}": value for key, value in figures.items()})
    np.savez(os.path.join(directory, "consumed.npz"), **found)


main(sys.argv[1])
