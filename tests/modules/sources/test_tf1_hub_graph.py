"""One graph of a TF1 Hub module, as hub.Module takes it; tests/legacy has the genuine figures."""

import pathlib

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from retrain.errors import InputError
from retrain.modules.loading import load_module
from retrain.modules.module_spec import INFERENCE, TRAIN
from retrain.modules.sources.tf1_hub_graph import EagerGraph, SessionModule
from tests import tiny_tf1_hub

v1 = tf.compat.v1
BATCH = np.random.default_rng(0).random((4, 8, 8, 3), np.float32)
MEANS = BATCH.mean(axis=(1, 2))


def values(module: EagerGraph) -> dict[str, list[float]]:
    return {name: variable.numpy().round(4).tolist() for name, variable in module.variable_map.items()}


@pytest.mark.parametrize("trainable", [False, True])
def test_the_updates_of_the_graph_that_was_taken(tmp_path, trainable):
    def counting(images: tf.Tensor, scale: tf.Variable) -> tf.Tensor:
        v1.add_to_collection("update_ops", v1.assign_add(scale, [1.0, 1.0, 1.0]))
        return tf.zeros([])

    path = tiny_tf1_hub.averaging_module(tmp_path / "m", extra=counting)
    module = EagerGraph(path, path, INFERENCE, trainable)
    for _ in range(2):
        module({"images": BATCH}, "default")
    assert values(module) == {"scale": [1.0 + 2 * trainable] * 3, "average": [0.0] * 3}
    assert len(module.regularization_losses) == len(module.trainable_variables) == trainable


def test_inputs_that_are_no_images_and_no_output_called_default(tmp_path):
    def also_numbers(images: tf.Tensor, scale: tf.Variable) -> tf.Tensor:
        numbers = v1.placeholder(tf.float32, [None], "numbers")
        tf.multiply(tf.reduce_sum(numbers) * scale, v1.placeholder(tf.float32, [], "by"), name="total")
        return tf.zeros([])

    path = tiny_tf1_hub.averaging_module(tmp_path / "m", factor=2.0, extra=also_numbers)
    add_signature(path, "sum", {"numbers": "numbers:0", "by": "by:0"}, {"total": "total:0"})
    outputs = EagerGraph(path, path, INFERENCE, False)({"numbers": [1.0, 2.0], "by": 10.0}, "sum")
    assert list(outputs) == ["total"]
    assert outputs["total"].numpy().tolist() == [60.0] * 3
    with tf.Graph().as_default():
        given = {"numbers": tf.constant([1.0, 2.0]), "by": tf.constant(10.0)}
        total = SessionModule(path, path, INFERENCE, False, "module")(given, "sum")["total"]
        with v1.Session() as session:
            session.run(v1.global_variables_initializer())
            assert session.run(total).tolist() == [60.0] * 3


def add_signature(path: str, name: str, inputs: dict[str, str], outputs: dict[str, str]) -> None:
    file = pathlib.Path(path, "saved_model.pb")
    module = SavedModel.FromString(file.read_bytes())
    for graph in module.meta_graphs:
        definition = graph.signature_def[name]
        for tensors, named in ((definition.inputs, inputs), (definition.outputs, outputs)):
            for key, tensor in named.items():
                tensors[key].name = tensor
                tensors[key].dtype = tf.float32.as_datatype_enum
                tensors[key].tensor_shape.unknown_rank = True
    file.write_bytes(module.SerializeToString())


def test_a_loop_is_not_trained_through_eagerly(tmp_path):
    def doubled(images: tf.Tensor, scale: tf.Variable) -> tf.Tensor:
        v1.disable_control_flow_v2()
        try:
            sums = tf.reduce_mean(images, axis=[1, 2])
            return v1.while_loop(lambda i, x: i < 1, lambda i, x: [i + 1, 2 * x * scale], [0, sums])[1]
        finally:
            v1.enable_control_flow_v2()

    path = tiny_tf1_hub.averaging_module(tmp_path / "m", extra=doubled)
    found = EagerGraph(path, "m", INFERENCE, False)({"images": BATCH}, "default")["default"]
    np.testing.assert_allclose(found, 3 * MEANS, rtol=1e-6)
    with pytest.raises(InputError) as info:
        EagerGraph(path, "m", TRAIN, True)({"images": BATCH}, "default")
    [loop] = {name for name in str(info.value).split("'") if name.endswith("Enter")}
    assert str(info.value) == (
        f"'m' computes 'default' in a loop of TensorFlow 1 ({loop!r}), through which it can be trained in a "
        f"tf.Graph with a Session only; use it there, or with trainable=False."
    )


def test_it_is_exported_with_what_it_has_learned(tmp_path):
    path = tiny_tf1_hub.averaging_module(tmp_path / "m")
    module = EagerGraph(path, path, TRAIN, trainable=True)
    module({"images": BATCH}, "default")
    module.variable_map["scale"].assign([1.0, 2.0, 3.0])
    module.export(str(tmp_path / "exported"))
    again = load_module(str(tmp_path / "exported"))
    assert [variable.numpy().tolist() for variable in again.variables] == [
        variable.numpy().tolist() for variable in module.variables
    ]
    with tf.Graph().as_default():
        module = SessionModule(path, path, INFERENCE, False, "module")
        change = v1.assign(module.variable_map["scale"], [3.0, 2.0, 1.0])
        with v1.Session() as session:
            session.run(v1.global_variables_initializer())
            session.run(change)
            module.export(str(tmp_path / "from_session"), session)
    assert load_module(str(tmp_path / "from_session"))(BATCH).numpy() == pytest.approx(MEANS * [3, 2, 1])
