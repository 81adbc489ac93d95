import keras
import numpy as np

import retrain.keras  # noqa: F401
from retrain.exporters.keras_file import write
from retrain.heads.sigmoid import SigmoidHead
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from retrain.modules.loading import load_module
from tests import tiny_worlds


def test_the_model_gives_each_task_by_its_name(loaded_module, tmp_path):
    heads = {"zebra": SoftmaxHead(["a", "b"]), "ape": SigmoidHead(["x"])}
    write(tiny_worlds.with_familiarity(ImageClassifier(loaded_module, heads)), str(tmp_path / "export"))
    model = keras.saving.load_model(tmp_path / "export" / "model.keras")
    found = model.predict(np.zeros([2, 8, 8, 3], np.float32), verbose=0)
    assert {key: values.tolist() for key, values in found.items()} == {
        "zebra": [[0.5, 0.5]] * 2,
        "ape": [[0.5]] * 2,
    }


def test_layers_that_draw_at_random_do_so_in_training_alone(tmp_path):
    drawing = [keras.layers.RandomContrast(0.9, seed=0), keras.layers.RandomFlip(seed=0)]
    made = [keras.layers.Flatten(), keras.layers.Dense(3, use_bias=False, name="features")]
    keras.Sequential([keras.Input((8, 8, 3)), *drawing, *made]).save(tmp_path / "m.keras")
    module = load_module(str(tmp_path / "m.keras"))
    classifier = ImageClassifier(module, {"label": SoftmaxHead(["a", "b", "c"])})
    classifier.kernels["label"].assign(np.eye(3, dtype=np.float32))
    write(classifier, str(tmp_path / "export"))
    model = keras.saving.load_model(tmp_path / "export" / "model.keras")
    images = np.random.default_rng(0).random([4, 8, 8, 3], np.float32)
    expected = keras.ops.softmax(module(images))
    for _ in range(4):
        np.testing.assert_allclose(model(images)["default"], expected, rtol=1e-5)
    assert np.abs(model(images, training=True)["default"] - expected).max() > 0.01
