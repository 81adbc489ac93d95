"""A program as one wrote it for TensorFlow 1: placeholders, hub.Module, a head, an optimizer, a saver.

Usage: old_program.py LIBRARY DIRECTORY: with LIBRARY tensorflow_hub or retrain.modules, on the modules in
DIRECTORY/modules and batches of DIRECTORY/images.npz (see make_modules.py); writes what it finds to
DIRECTORY/programs_LIBRARY.npz. Runs in both environments; here with all behaviour of TensorFlow 2 disabled.
"""

import gc
import importlib
import os
import sys
import tempfile

import numpy as np
import tensorflow as tf

v1 = tf.compat.v1
KEYS = v1.GraphKeys
COLLECTIONS = [
    *(KEYS.GLOBAL_VARIABLES, KEYS.TRAINABLE_VARIABLES, KEYS.MODEL_VARIABLES),
    *(KEYS.UPDATE_OPS, KEYS.REGULARIZATION_LOSSES),
]
MODULES = [
    *["resource", "ref", "slim", "inference_only", "partitioned_ref", "partitioned_resource"],
    *["conditional_ref", "loop"],
]
WAYS = {
    "frozen": {},
    "trainable": {"trainable": True},
    "train": {"trainable": True, "tags": {"train"}},
}
LABELS = np.eye(2, dtype=np.float32)[[0, 1, 0, 1, 0]]


def run(hub, path, batches, way):
    """What the program finds, by name, in three steps and after its model and the module have been saved."""
    spec = hub.load_module_spec(path)
    with tf.Graph().as_default(), tempfile.TemporaryDirectory() as directory:
        images = v1.placeholder(
            tf.float32, [None, *batches.shape[2:4], hub.get_num_image_channels(spec)], "images"
        )
        module = hub.Module(spec, name="base", **WAYS[way])
        features = module(images)
        # Twice over one set of variables; but what two calls make of a moving average is anyone's guess.
        given, name = {"images": images / 2}, "image_feature_vector"
        other = features if way == "train" else module(given, signature=name, as_dict=True)["default"]
        [length] = features.get_shape().as_list()[1:]
        kernel = v1.get_variable("head", initializer=np.eye(length, 2, dtype=np.float32))
        logits = tf.matmul(features + other, kernel)
        losses = tf.nn.softmax_cross_entropy_with_logits(LABELS, logits)
        loss = tf.reduce_mean(losses) + v1.losses.get_regularization_loss()
        found = {name: [entry.name for entry in v1.get_collection(name)] for name in COLLECTIONS}
        found["expected_image_size"] = hub.get_expected_image_size(module)
        found["signatures"] = sorted(module.get_signature_names())
        found["shape"] = str(module.get_input_info_dict()["images"].get_shape().as_list())
        found["variable_map"] = sorted(module.variable_map)
        found["variables"] = [variable.name for variable in module.variables]
        found["outputs"] = [features.name, other.name]
        with tf.control_dependencies(v1.get_collection(KEYS.UPDATE_OPS)):
            step = v1.train.MomentumOptimizer(0.05, 0.9).minimize(loss)
        saver = v1.train.Saver()
        with v1.Session() as session:
            session.run(v1.global_variables_initializer())
            found["loss"] = [session.run([loss, step], {images: batch})[0] for batch in batches]
            for variable in v1.global_variables():
                found[f"variable/{variable.name}"] = session.run(variable)
            found["logits"] = session.run(logits, {images: batches[0]})
            saved = saver.save(session, os.path.join(directory, "model"))
            module.export(os.path.join(directory, "exported"), session)
        with v1.Session() as session:
            saver.restore(session, saved)
            found["restored"] = session.run(logits, {images: batches[0]})
        found["exported"] = features_of(hub, os.path.join(directory, "exported"), batches[0])
    return {name: np.asarray(value) for name, value in found.items()}


def features_of(hub, path, batch):
    """Of a module inside a scope of variables, and inside a condition of TensorFlow 1."""
    with tf.Graph().as_default(), v1.variable_scope("outer"):
        module = hub.Module(path)
        features = v1.cond(tf.constant(True), lambda: module(batch), lambda: tf.zeros_like(module(batch)))
        with v1.Session() as session:
            session.run(v1.global_variables_initializer())
            return session.run(features)


def run_all(hub, directory):
    batches = np.load(os.path.join(directory, "images.npz"))["small"][1:]
    found = {}
    for name in MODULES:
        path = os.path.join(directory, "modules", name)
        for way in WAYS:
            if way != "train" or {"train"} in map(set, hub.load_module_spec(path).get_tags()):
                figures = run(hub, path, batches, way)
                found.update({f"{name}|{way}|{figure}": value for figure, value in figures.items()})
    np.savez(os.path.join(directory, f"programs_{hub.__name__}.npz"), **found)


if __name__ == "__main__":
    gc.disable()  # as genuine.py does
    v1.disable_v2_behavior()
    run_all(importlib.import_module(sys.argv[1]), sys.argv[2])
