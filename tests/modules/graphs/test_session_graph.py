"""Modules in graphs of TensorFlow 1: scopes, collections, steps. tests/legacy has the genuine library's."""

import numpy as np
import pytest
import tensorflow as tf

from retrain.errors import InputError
from retrain.modules.graphs.session_graph import SessionGraph, load_into_graph
from retrain.modules.loading import load_module
from retrain.modules.module_spec import INFERENCE, TRAIN
from retrain.modules.sources.tf1_hub_files import read_graphs
from tests import tiny_tf1_hub, tiny_worlds

v1 = tf.compat.v1
KEYS = v1.GraphKeys
BATCH = np.random.default_rng(0).random((4, 8, 8, 3), np.float32)
MEANS = BATCH.mean(axis=(1, 2))


@pytest.fixture(scope="module", params=[False, True], ids=["ref", "resource"])
def path(request, tmp_path_factory) -> str:
    directory = tmp_path_factory.mktemp("module")
    return tiny_tf1_hub.averaging_module(directory / "m", factor=2.0, use_resource=request.param)


def session_graph(path: str, tags=INFERENCE, trainable: bool = False) -> SessionGraph:
    return SessionGraph(read_graphs(path, path)[tags], f"{path}/variables/variables", trainable, "base")


def collected(name: str) -> list[str]:
    return [entry.name for entry in v1.get_collection(name)]


@pytest.mark.parametrize(
    ("tags", "trainable", "expected"),
    [
        (INFERENCE, False, ([], 0, 0)),
        (INFERENCE, True, (["base/scale:0"], 1, 0)),
        (TRAIN, True, (["base/scale:0"], 1, 1)),
    ],
)
def test_collections(path, tags, trainable, expected):
    with tf.Graph().as_default():
        module = session_graph(path, tags, trainable)
        module({"images": tf.constant(BATCH)}, "default")
        found = [collected(name) for name in (KEYS.REGULARIZATION_LOSSES, KEYS.UPDATE_OPS)]
        assert collected(KEYS.GLOBAL_VARIABLES) == ["base/scale:0", "base/average:0"]
        assert (collected(KEYS.TRAINABLE_VARIABLES), *map(len, found)) == expected
        assert [variable.op.name for variable in module.variables] == ["base/average", "base/scale"]
        assert len(module.trainable_variables) == len(module.regularization_losses) == trainable


def test_a_step(path):
    with tf.Graph().as_default():
        module = session_graph(path, TRAIN, trainable=True)
        images = v1.placeholder(tf.float32, [None, 8, 8, 3])
        features = module({"images": images}, "image_feature_vector")["default"]
        loss = tf.reduce_sum(features) + v1.losses.get_regularization_loss()
        with tf.control_dependencies(v1.get_collection(KEYS.UPDATE_OPS)):
            step = v1.train.GradientDescentOptimizer(0.1).minimize(loss)
        with v1.Session() as session:
            session.run(v1.global_variables_initializer())
            np.testing.assert_allclose(session.run(features, {images: BATCH}), 2 * MEANS, rtol=1e-6)
            session.run(step, {images: BATCH})
            average, scale = session.run(module.variables)
    np.testing.assert_allclose(average, 0.1 * MEANS.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(scale, 2 - 0.1 * (MEANS.sum(axis=0) + 1), rtol=1e-5)


def test_scopes(path):
    with tf.Graph().as_default(), v1.variable_scope("outer"), tf.name_scope("elsewhere"):
        first, second = session_graph(path), session_graph(path)
        output = second({"images": tf.constant(BATCH)}, "default")["default"]
        names = [variable.op.name for module in (first, second) for variable in module.variables]
        assert names == [
            f"outer/{scope}/{name}" for scope in ("base", "base_1") for name in ("average", "scale")
        ]
        assert output.op.name.startswith("outer/elsewhere/base_1_apply_default/")


def test_a_name_that_operations_have(path):
    with tf.Graph().as_default():
        tf.constant(1.0, name="base")
        with pytest.raises(InputError) as info:
            session_graph(path)
    assert str(info.value) == (
        "The module cannot be called 'base': operations of that name are in the graph already, and no "
        "variables; give hub.Module another name=."
    )


def test_a_saved_model(tmp_path):
    path = tiny_worlds.averaging_module(tmp_path / "m")
    with tf.Graph().as_default():
        module = load_into_graph(lambda: load_module(path), trainable=True, name="base")
        features = module.outputs(tf.constant(BATCH), "image_feature_vector", training=True)["default"]
        loss = tf.reduce_sum(features) + v1.losses.get_regularization_loss()
        names = [variable.op.name for variable in module.trainable_variables]
        assert [name.removesuffix(":0") for name in collected(KEYS.TRAINABLE_VARIABLES)] == names
        assert all(name.startswith("base/") for name in names)
        assert len(collected(KEYS.REGULARIZATION_LOSSES)) == len(module.regularization_losses)
        step = v1.train.GradientDescentOptimizer(0.1).minimize(loss)
        with v1.Session() as session:
            session.run(v1.global_variables_initializer())
            before = session.run(module.trainable_variables)
            np.testing.assert_allclose(session.run(features), MEANS, rtol=1e-6)
            session.run(step)
            assert all(map(np.any, np.subtract(before, session.run(module.trainable_variables))))
