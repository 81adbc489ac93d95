"""The steps of genuine.sgd_steps, taken here, and the comparison of both."""

import numpy as np
import tensorflow as tf

from retrain.modules.image_module import ImageModule

LEARNING_RATE = 0.1


def sgd_step(module: ImageModule, images: np.ndarray, signature: str) -> dict[str, np.ndarray]:
    """One step of gradient descent on mean(output ** 2) and the penalties, by the names they have there."""
    with tf.GradientTape() as tape:
        output = module.outputs(images, signature, training=True)["default"]
        loss = tf.reduce_mean(output**2) + sum(penalty() for penalty in module.regularization_losses)
    gradients = tape.gradient(loss, module.trainable_variables)
    found = {"loss": loss, "output": output}
    for variable, gradient in zip(module.trainable_variables, gradients, strict=True):
        if gradient is not None:
            found[f"gradient/{name_of(variable)}"] = gradient
            variable.assign_sub(LEARNING_RATE * gradient)
    states = {f"variable/{name_of(variable)}": variable.numpy() for variable in module.variables}
    return {name: np.asarray(value) for name, value in (found | states).items()}


def name_of(variable: tf.Variable) -> str:
    return variable.name.partition(":")[0]


def check(found: dict[str, np.ndarray], expected: dict[str, np.ndarray], small: bool) -> None:
    """Within 1e-6 for small modules, 1e-4 of the largest value for others."""
    assert set(found) == set(expected)
    for key, value in expected.items():
        tolerance = 1e-6 if small else 1e-4 * max(1e-3, np.abs(value).max())
        np.testing.assert_allclose(found[key], value, rtol=0, atol=tolerance, err_msg=key)
