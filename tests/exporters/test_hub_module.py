"""Round trips are in tests/contracts, the genuine library in tests/legacy; here, what the files hold."""

import json
import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf

import retrain.modules as hub
from retrain.exporters import hub_module
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from retrain.modules.graphs.pixel_range import is_out_of_range
from retrain.modules.loading import load_module
from retrain.modules.sources.tf1_hub_files import collected, read_graphs, variable_names
from tests import tiny_tf1_hub, tiny_worlds

BATCH = np.random.default_rng(0).random((3, 8, 8, 3), np.float32)
SIGNATURES = ["default", "image_classification", "image_feature_vector", "serving_default"]
# What hub.Module reads; it refuses any other.
READ = {"variables", "trainable_variables", "update_ops", "regularization_losses", "hub_module_attachments"}


def classifier(handle: str, tasks=("label",)) -> ImageClassifier:
    heads = {task: SoftmaxHead(["a", "b", "c"][: 2 + index]) for index, task in enumerate(tasks)}
    model = ImageClassifier(load_module(handle), heads)
    for kernel in model.kernels.values():
        kernel.assign(tf.random.stateless_normal(kernel.shape, (1, 2)))
    return model


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> pathlib.Path:
    directory = tmp_path_factory.mktemp("export")
    model = classifier(tiny_tf1_hub.averaging_module(directory / "source"))
    hub_module.write(model, str(directory / "export"))
    return directory / "export"


def test_the_files(written):
    names = {path.relative_to(written).as_posix() for path in written.rglob("*") if path.is_file()}
    assert names == {
        *(
            "saved_model.pb",
            "tfhub_module.pb",
            "README.md",
            "assets.extra/labels.txt",
            "assets.extra/retrain.json",
        ),
        *("variables/variables.index", "variables/variables.data-00000-of-00001"),
    }
    assert (written / "tfhub_module.pb").read_bytes() == b"\x08\x03"
    assert (written / "assets.extra" / "labels.txt").read_text() == "a\nb\n"
    assert (
        json.loads((written / "assets.extra" / "retrain.json").read_text())["tasks"]["label"]["head"]
        == "softmax"
    )


def test_the_spec(written):
    spec = hub.load_module_spec(str(written))
    assert spec.attached_image_size == (8, 8)
    assert spec.get_tags() == [set(), {"train"}]
    for tags in spec.get_tags():
        assert spec.get_signature_names(tags) == SIGNATURES
        for name, length in zip(SIGNATURES, (2, 2, 3, 2), strict=True):
            inputs, outputs = spec.get_input_info_dict(name, tags), spec.get_output_info_dict(name, tags)
            assert inputs == {"images": tf.TensorSpec([None, 8, 8, 3], name="images")}
            assert outputs == {"default": tf.TensorSpec([None, length])}


def test_the_graphs(written):
    graphs = read_graphs(str(written), "m")
    for tags, graph in graphs.items():
        assert set(graph.collection_def) <= READ
        assert list(variable_names(graph, "variables")) == [
            *("module/scale", "module/average", "head/label/kernel", "head/label/bias")
        ]
        assert set(variable_names(graph, "trainable_variables")) == {
            *("module/scale", "head/label/kernel", "head/label/bias")
        }
        assert len(collected(graph, "regularization_losses")) == 1
        assert len(collected(graph, "update_ops")) == len(tags)
        assert {node.device for node in graph.graph_def.node} == {""}
        assert not graph.graph_def.library.function
        assert "VariableV2" not in {node.op for node in graph.graph_def.node}


def test_what_no_graph_uses_is_left_behind(written, tmp_path):
    # The head of the first classifier plays no part in the features that the second is made of.
    hub_module.write(classifier(str(written)), str(tmp_path / "again"))
    names = {variable.name for variable in load_module(str(tmp_path / "again")).variables}
    assert names == {f"{name}:0" for name in (
        *("module/module/average", "module/module/scale"), *("head/label/kernel", "head/label/bias"),
    )}  # fmt: skip


def test_variables_of_one_name(tmp_path):
    layers = [keras.layers.Conv2D(4, 3), keras.layers.Conv2D(2, 3), keras.layers.GlobalAveragePooling2D()]
    keras.Sequential([keras.Input((8, 8, 3)), *layers]).save(tmp_path / "m.keras")
    model = classifier(str(tmp_path / "m.keras"))
    hub_module.write(model, str(tmp_path / "export"))
    again = hub.Module(str(tmp_path / "export"))
    assert len({variable.name for variable in again.variables}) == len(model.variables) == 6
    expected = model.outputs(BATCH, "image_classification")["default"]
    np.testing.assert_allclose(again(BATCH), expected, rtol=1e-5, atol=1e-6)


def convnext(x):
    y = keras.layers.Conv2D(8, 7, padding="same", groups=8)(x)
    y = keras.layers.LayerNormalization()(y)
    y = keras.layers.Dense(8)(keras.layers.Dense(16, activation="gelu")(y))
    return keras.layers.Add()([x, y])


def resnext(x):
    y = keras.layers.BatchNormalization()(keras.layers.Conv2D(8, 3, padding="same", groups=4)(x))
    return keras.layers.Add()([x, keras.layers.ReLU()(y)])


def regnet(x):
    y = keras.layers.BatchNormalization()(keras.layers.Conv2D(8, 3, padding="same", groups=2)(x))
    squeezed = keras.layers.GlobalAveragePooling2D(keepdims=True)(y)
    return keras.layers.Multiply()([y, keras.layers.Conv2D(8, 1, activation="sigmoid")(squeezed)])


@pytest.mark.parametrize("block", [convnext, resnext, regnet])
def test_grouped_convolutions_which_keras_has_xla_compile(tmp_path, block):
    """The module computes, trained too, what the network did, with its gradients."""
    images = keras.Input((8, 8, 3))
    features = keras.layers.GlobalAveragePooling2D()(block(keras.layers.Conv2D(8, 3)(images)))
    keras.Model(images, features).save(tmp_path / "m.keras")
    model = classifier(str(tmp_path / "m.keras"))
    hub_module.write(model, str(tmp_path / "export"))
    again = load_module(str(tmp_path / "export"))
    gradients = []
    for module in (model.base, again):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(module(BATCH, training=True) ** 2)
        count = len(model.base.trainable_variables)
        gradients.append(tape.gradient(loss, list(module.trainable_variables)[:count]))
    for one, other in zip(*gradients, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(again(BATCH), model.base(BATCH), rtol=1e-5, atol=1e-6)


def test_the_logits_are_of_the_first_task_and_those_of_others_by_name(tmp_path):
    model = classifier(tiny_worlds.averaging_module(tmp_path / "m"), tasks=("flavour/odd name", "size"))
    hub_module.write(model, str(tmp_path / "export"))
    module = hub.Module(str(tmp_path / "export"))
    expected = BATCH.mean(axis=(1, 2)) @ model.kernels["flavour/odd name"].numpy()
    np.testing.assert_allclose(module(BATCH), expected, rtol=1e-5)
    other = module(BATCH, signature="image_classification:size")
    np.testing.assert_allclose(other, BATCH.mean(axis=(1, 2)) @ model.kernels["size"].numpy(), rtol=1e-5)
    assert {variable.name for variable in module.variables if variable.name.startswith("head")} == {
        *("head/flavour_odd_name.bcac86b8/kernel:0", "head/flavour_odd_name.bcac86b8/bias:0"),
        *("head/size/kernel:0", "head/size/bias:0"),
    }


@pytest.mark.parametrize("name", SIGNATURES)
def test_inference_refuses_values_outside_of_0_to_1_and_training_takes_them(written, name):
    module = hub.Module(str(written))
    with pytest.raises(tf.errors.InvalidArgumentError) as info:
        module(255 * BATCH, signature=name)
    assert is_out_of_range(info.value)
    trained = hub.Module(str(written), trainable=True, tags={"train"})
    assert np.isfinite(trained(255 * BATCH, signature=name)).all()


def test_a_failed_write_leaves_nothing(tmp_path, monkeypatch):
    def fail(*arguments):
        raise RuntimeError("no documents")

    monkeypatch.setattr(hub_module, "write_documents", fail)
    with pytest.raises(RuntimeError, match="no documents"):
        hub_module.write(classifier("builtin:gradients"), str(tmp_path / "export"))
    assert list(tmp_path.iterdir()) == []
