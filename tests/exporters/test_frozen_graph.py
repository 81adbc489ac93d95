import numpy as np
import pytest
import tensorflow as tf

from retrain.exporters import ExportOptions
from retrain.exporters.frozen_graph import write
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from retrain.modules.graphs.pixel_range import is_out_of_range
from tests import tiny_worlds


def test_it_is_what_programs_of_retrain_py_read(loaded_module, tmp_path):
    model = ImageClassifier(loaded_module, {"label": SoftmaxHead(["a", "b"])})
    model.kernels["label"].assign(tf.random.stateless_normal([3, 2], (1, 2)))
    model = tiny_worlds.with_familiarity(model)
    write(model, str(tmp_path / "export"), ExportOptions(final_tensor_name="answer"))
    definition = tf.compat.v1.GraphDef()
    definition.ParseFromString((tmp_path / "export" / "model.pb").read_bytes())
    assert not {node.op for node in definition.node} & {"VarHandleOp", "VariableV2", "ReadVariableOp"}
    images = np.random.default_rng(0).random([4, 8, 8, 3], np.float32)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        tf.import_graph_def(definition, name="")
        found = session.run("answer:0", {"Placeholder:0": images})
        with pytest.raises(tf.errors.InvalidArgumentError) as info:
            session.run("answer:0", {"Placeholder:0": 255 * images})
    assert is_out_of_range(info.value)
    np.testing.assert_allclose(found, model.outputs(images, "serving_default")["default"], atol=1e-6)
