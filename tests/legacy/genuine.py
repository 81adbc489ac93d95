"""What the genuine hub.Module computes. Runs in the old environment; figures go out as arrays by name."""

import gc

import numpy as np
import tensorflow as tf
import tensorflow_hub as hub

LEARNING_RATE = 0.1
# To look for garbage among millions of nodes takes an eighth of all, and these processes are short.
gc.disable()


def inference(path: str, images: np.ndarray) -> dict[str, np.ndarray]:
    """All outputs of all signatures, as "SIGNATURE/KEY"; and what the module says of itself."""
    spec = hub.load_module_spec(path)
    found = {
        "expected_image_size": np.array(hub.get_expected_image_size(spec)),
        "num_image_channels": np.array(hub.get_num_image_channels(spec)),
        "tags": np.array([" ".join(sorted(tags)) for tags in spec.get_tags()]),
    }
    with tf.Graph().as_default():
        module = hub.Module(spec)
        fed = tf.compat.v1.placeholder(tf.float32, [None, *images.shape[1:]])
        outputs = {
            f"{signature}/{key}": output
            for signature in module.get_signature_names()
            for key, output in module({"images": fed}, signature=signature, as_dict=True).items()
        }
        outputs["called"] = module(fed)
        with tf.compat.v1.Session() as session:
            session.run(tf.compat.v1.global_variables_initializer())
            # One by one: what is fetched together is not fused as it is alone.
            for name in [*module.get_signature_names(), "called"]:
                fetches = {key: output for key, output in outputs.items() if key.partition("/")[0] == name}
                found.update(session.run(fetches, {fed: images}))
    return found


def classifications(path: str) -> list[str]:
    """The signatures that give the logits of a task, and nothing beside them."""
    spec = hub.load_module_spec(path)
    names = [name for name in spec.get_signature_names() if name.startswith("image_classification")]
    return [name for name in names if len(spec.get_output_info_dict(name)) == 1]


def sgd_steps(path: str, batches: np.ndarray, signature: str) -> dict[str, np.ndarray]:
    """Steps of gradient descent on mean(output ** 2) and the penalties, and the state after each."""
    found = {}
    spec = hub.load_module_spec(path)
    tags = {"train"} if {"train"} in [set(tags) for tags in spec.get_tags()] else None
    with tf.Graph().as_default():
        module = hub.Module(spec, trainable=True, tags=tags)
        fed = tf.compat.v1.placeholder(tf.float32, [None, *batches.shape[2:]])
        output = module({"images": fed}, signature=signature, as_dict=True)["default"]
        penalties = tf.compat.v1.losses.get_regularization_losses()
        loss = tf.reduce_mean(output**2) + sum(penalties)
        variables = {v.op.name.partition("/")[2]: v for v in tf.compat.v1.global_variables()}
        trainable = {v.op.name.partition("/")[2]: v for v in tf.compat.v1.trainable_variables()}
        values = tf.gradients(loss, list(trainable.values()))
        gradients = {
            name: tf.convert_to_tensor(value)
            for name, value in zip(trainable, values, strict=True)
            if value is not None
        }
        updates = tf.compat.v1.get_collection(tf.compat.v1.GraphKeys.UPDATE_OPS)
        new_values = {
            name: tf.compat.v1.placeholder(v.dtype.base_dtype, v.shape) for name, v in trainable.items()
        }
        assigned = {name: tf.compat.v1.assign(v, new_values[name]) for name, v in trainable.items()}
        found["counts"] = np.array([len(trainable), len(penalties), len(updates)])
        with tf.compat.v1.Session() as session:
            session.run(tf.compat.v1.global_variables_initializer())
            for step, images in enumerate(batches):
                fetches = {"loss": loss, "output": output, "gradient": gradients, "updates": updates}
                results = session.run(fetches, {fed: images})
                gradients_now = results["gradient"]
                found.update({f"{step}/gradient/{name}": value for name, value in gradients_now.items()})
                # All at once: for each set of fetches the session prunes the graph anew.
                before = session.run({name: trainable[name] for name in gradients_now})
                after = {
                    new_values[name]: before[name] - np.float32(LEARNING_RATE) * gradient
                    for name, gradient in gradients_now.items()
                }
                session.run([assigned[name] for name in gradients_now], after)
                found[f"{step}/loss"], found[f"{step}/output"] = results["loss"], results["output"]
                for name, value in session.run(variables).items():
                    found[f"{step}/variable/{name}"] = value
    return found
