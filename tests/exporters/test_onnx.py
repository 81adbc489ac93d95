import numpy as np
import pytest

from retrain.heads.sigmoid import SigmoidHead
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier

pytest.importorskip("tf2onnx")
onnxruntime = pytest.importorskip("onnxruntime")


def test_inputs_and_outputs_have_their_names(loaded_module, tmp_path):
    from retrain.exporters.onnx import write

    heads = {"zebra": SoftmaxHead(["a", "b"]), "ape": SigmoidHead(["x"])}
    write(ImageClassifier(loaded_module, heads), str(tmp_path / "export"))
    session = onnxruntime.InferenceSession(tmp_path / "export" / "model.onnx")
    assert [(of.name, of.shape[1:]) for of in session.get_inputs()] == [("images", [8, 8, 3])]
    assert {of.name for of in session.get_outputs()} == {"zebra", "ape"}
    [ape] = session.run(["ape"], {"images": np.zeros([5, 8, 8, 3], np.float32)})
    assert ape.tolist() == [[0.5]] * 5
