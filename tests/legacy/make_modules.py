"""Makes small modules of the TF1 Hub format with the genuine library, and says what it computes with them.

Usage: make_modules.py DIRECTORY: reads `images.npz` there (`small`: batches [4, N, 8, 6, 3], and `PATH`: the
same for a module to be measured that lies elsewhere), writes modules/NAME, reference.npz and what old_program
finds. Runs in the old environment.
"""

import os
import sys

import genuine
import numpy as np
import old_program
import tensorflow as tf
import tensorflow_hub as hub

v1 = tf.compat.v1
SIZE = (8, 6)


def variable(name, shape, trainable=True, **options):
    # Drawn from the name, so that the graphs of a module agree about what they are initialized with.
    seed = sum(map(ord, name))
    value = np.random.default_rng(seed).normal(0.3, 0.2, shape).astype(np.float32)
    if options.get("partitioner"):
        initializer = v1.random_normal_initializer(0.3, 0.2, seed)
        return v1.get_variable(name, shape, tf.float32, initializer, trainable=trainable, **options)
    return v1.get_variable(name, initializer=value, trainable=trainable, **options)


def weights(name, shape, **options):
    return variable(name, shape, regularizer=lambda value: 0.01 * tf.nn.l2_loss(value), **options)


def batch_norm(x, name, training, old_op=False, hold_tensors=False, decay=0.1):
    """Batch norm with moving averages updated by UPDATE_OPS."""
    with v1.variable_scope(name, reuse=v1.AUTO_REUSE):
        gamma, beta = variable("gamma", [4]), variable("beta", [4])
        mean = variable("moving_mean", [4], trainable=False)
        variance = variable("moving_variance", [4], trainable=False)
    operation = tf.raw_ops.FusedBatchNorm if old_op else tf.raw_ops.FusedBatchNormV3
    outputs = operation(
        x=x,
        scale=gamma,
        offset=beta,
        mean=[] if training else mean,
        variance=[] if training else variance,
        epsilon=0.001,
        is_training=training,
    )
    if training:
        for moving, value in ((mean, outputs.batch_mean), (variance, outputs.batch_variance)):
            # Locked: what updates one variable twice, at once, would else lose one of the two now and then.
            update = v1.assign_sub(moving, decay * moving - 0.1 * value, use_locking=True)
            # Modules of slim's time hold tensors, computed from the assignments.
            v1.add_to_collection("update_ops", tf.identity(update) if hold_tensors else update.op)
    return outputs.y


def convolution(images, **options):
    return tf.nn.conv2d(images, weights("Net/kernel", [3, 3, 3, 4], **options), 2, "SAME")


def add_signatures(images, features, **more):
    logits = features @ weights("Logits/kernel", [4, 5]) + variable("Logits/bias", [5])
    hub.add_signature(inputs={"images": images}, outputs=features)
    hub.add_signature("image_feature_vector", {"images": images}, dict(default=features, **more))
    hub.add_signature("image_classification", {"images": images}, {"default": logits})


def pooled(x):
    return tf.reduce_mean(tf.nn.relu6(x), [1, 2])


def plain(images, training):
    x = batch_norm(convolution(images), "Net/norm", training)
    add_signatures(images, pooled(x), **{"Net/norm": x})


def slim(images, training):
    x = batch_norm(convolution(images), "Net/norm", training, old_op=True, hold_tensors=True)
    add_signatures(images, pooled(x), **{"Net/norm": x})


def partitioned(images, training):
    x = convolution(images, partitioner=v1.fixed_size_partitioner(2, axis=0))
    add_signatures(images, pooled(batch_norm(x, "Net/norm", training)))


def twice(images, training):
    """One batch norm applied to two things: its moving averages take both, in any order."""
    x = convolution(images)
    parts = [batch_norm(scale * x, "Net/norm", training, decay=0.0) for scale in (1, 2)]
    add_signatures(images, pooled(sum(parts)))


def conditional(images, training):
    """Control flow of TensorFlow 1, which reads a variable in one branch only."""
    x = batch_norm(convolution(images), "Net/norm", training)
    scale, shift = variable("Net/scale", [4]), variable("Net/shift", [4])
    bright = tf.reduce_mean(images) > 0.5
    add_signatures(images, pooled(v1.cond(bright, lambda: x * scale, lambda: x * scale + 2 * shift)))


def loop(images, training):
    """A loop of TensorFlow 1 that reads a variable."""
    scale = variable("Net/scale", [4])
    x = batch_norm(convolution(images), "Net/norm", training)
    _, x = v1.while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, x * scale), [0, x])
    add_signatures(images, pooled(x))


def ordered(images, training):
    """Features of a counter, read after it was counted up, and counted up whenever they are computed."""
    x = batch_norm(convolution(images), "Net/norm", training)
    count = variable("Net/count", [], trainable=False)
    if training:
        with tf.control_dependencies([v1.assign_add(count, 1.0)]):
            x = x * count.read_value()
    else:
        x = x * count
    add_signatures(images, pooled(x))


MODULES = {
    "resource": {"net": plain},
    "ref": {"net": plain, "use_resource": False},
    "inference_only": {"net": plain, "use_resource": False, "with_train": False},
    "slim": {"net": slim, "use_resource": False, "size": (16, 24)},
    "partitioned_ref": {"net": partitioned, "use_resource": False},
    "partitioned_resource": {"net": partitioned},
    "twice_ref": {"net": twice, "use_resource": False},
    "conditional_ref": {"net": conditional, "use_resource": False},
    "conditional_resource": {"net": conditional},
    "loop": {"net": loop},
    "ordered_ref": {"net": ordered, "use_resource": False},
    "ordered_resource": {"net": ordered},
}


def make(path, net, use_resource=True, with_train=True, size=None):
    def module_fn(training):
        images = v1.placeholder(tf.float32, [None, *((size and (None, None)) or SIZE), 3])
        if size:
            info = hub.ImageModuleInfo()
            info.default_image_size.height, info.default_image_size.width = size
            hub.attach_image_module_info(info)
        with v1.variable_scope("", use_resource=use_resource):
            net(images, training)

    tags_and_args = [(set(), {"training": False}), ({"train"}, {"training": True})]
    spec = hub.create_module_spec(module_fn, tags_and_args[: 2 if with_train else 1])
    with tf.Graph().as_default():
        # With the tags of inference: it has all variables.
        module = hub.Module(spec)
        with v1.Session() as session:
            session.run(v1.global_variables_initializer())
            module.export(path, session)


def main(directory):
    v1.disable_control_flow_v2()
    given = dict(np.load(os.path.join(directory, "images.npz")))
    small = given.pop("small")
    found = {}
    for name, options in MODULES.items():
        path = os.path.join(directory, "modules", name)
        make(path, **options)
        given[path] = small
    for path, batches in given.items():
        figures = genuine.inference(path, batches[0])
        figures.update(genuine.sgd_steps(path, batches[1:], "image_feature_vector"))
        found.update({f"{path}|{key}": value for key, value in figures.items()})
    np.savez(os.path.join(directory, "reference.npz"), **found)
    old_program.run_all(hub, directory)


main(sys.argv[1])
