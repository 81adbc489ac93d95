"""Two devices train to what one trains to: modules of each source, layers of Keras, and the Estimator."""

import os
import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from retrain.keras import ModuleLayer
from retrain.modules.loading import load_module
from tests import tiny_tf1_hub, tiny_worlds
from tests.contracts.two_devices import LAYERS, train_estimator
from tests.test_keras import assert_all_close, classifier, fit, images, values

ROOT = pathlib.Path(__file__).parents[2]
IMAGES = np.random.default_rng(0).random((4, 8, 8, 3), np.float32)
MEANS = IMAGES.mean(axis=(1, 2))


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> pathlib.Path:
    """Where two devices have trained all that is here."""
    directory = tmp_path_factory.mktemp("two_devices")
    for kind in ("ref", "resource"):
        tiny_tf1_hub.averaging_module(directory / kind / "module", 2.0, use_resource=kind == "resource")
        tiny_tf1_hub.averaging_module(directory / "modules" / kind, use_resource=kind == "resource")
    tiny_worlds.averaging_module(directory / "modules" / "saved_model")
    tiny_worlds.keras_file(directory / "modules")
    network_with_head().export(directory / "before_head" / "module", verbose=False)
    for name in ("ref", "resource", "before_head"):
        np.save(directory / name / "images.npy", IMAGES)
    for name in LAYERS:
        (directory / "layers" / name).mkdir(parents=True)
    command = [sys.executable, "-m", "tests.contracts.two_devices", str(directory)]
    done = subprocess.run(command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-5000:]
    return directory


def network_with_head() -> keras.Model:
    keras.utils.set_random_seed(0)
    layers = keras.layers
    trunk = [layers.Conv2D(6, 3, activation="relu"), layers.GlobalAveragePooling2D(name="pool")]
    return keras.Sequential([keras.Input([8, 8, 3]), *trunk, layers.Dense(3, activation="softmax")])


@pytest.mark.parametrize("kind", ["ref", "resource"])
def test_a_module_of_the_tf1_hub_format(trained, kind):
    """On each device it sees two of the four images; their moving averages are averaged."""
    found = np.load(trained / kind / "found.npz")
    np.testing.assert_allclose(found["gradient"], MEANS.sum(axis=0), rtol=1e-5)
    np.testing.assert_allclose(found["average:0"], 0.1 * MEANS.mean(axis=0), rtol=1e-5)
    exported = load_module(str(trained / kind / "export"))
    logits = exported.outputs(IMAGES, "image_classification")["default"]
    np.testing.assert_allclose(logits, found["logits"], rtol=1e-6)
    stored = {variable.name: variable.numpy() for variable in exported.variables}
    assert set(stored) == {"module/scale:0", "module/average:0", "head/label/kernel:0", "head/label/bias:0"}
    np.testing.assert_array_equal(stored["module/average:0"], found["average:0"])


def test_what_comes_before_the_head_of_a_saved_model(trained):
    directory = trained / "before_head"
    found, module = np.load(directory / "found.npz"), load_module(str(directory / "module"))
    model = network_with_head()
    pooled = keras.Model(model.inputs[0], model.get_layer("pool").output)(IMAGES)
    np.testing.assert_allclose(found["features"], pooled, atol=1e-6)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(module(IMAGES, training=True) ** 2)
    expected = tape.gradient(loss, module.trainable_variables[0])
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(found["gradient"], expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_of_keras(trained, name):
    found, again = (
        np.load(trained / "layers" / name / f"{file}.npz").values() for file in ("found", "again")
    )
    assert_all_close(again, found, rtol=1e-6, atol=1e-7)
    if name == "averaging.keras":  # its batch norm sees the images of one replica only
        return
    layer = ModuleLayer(str(trained / "modules" / name), trainable=True)
    model = classifier(layer, keras.optimizers.SGD(0.001, momentum=0.9))
    for _ in range(2):
        fit(model, images(layer))
    assert_all_close(found, [*values(layer), model.layers[-1].kernel.numpy()], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("train_base", [False, True])
def test_the_estimator_also_on_batches_that_do_not_halve(trained, tmp_path, train_base):
    averaging = str(trained / "modules" / "saved_model")
    train_estimator(averaging, str(tmp_path), tf.distribute.get_strategy(), train_base)
    one, two = (np.load(f"{of}/{train_base}/result.npz") for of in (tmp_path, trained / "loop"))
    assert len(one.files) == 4 + 2 + train_base
    for name in one.files:
        np.testing.assert_allclose(one[name], two[name], rtol=1e-5, atol=1e-5)
