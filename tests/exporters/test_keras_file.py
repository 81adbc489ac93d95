import keras
import numpy as np

import retrain.keras  # noqa: F401
from retrain.exporters.keras_file import write
from retrain.heads.sigmoid import SigmoidHead
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
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
