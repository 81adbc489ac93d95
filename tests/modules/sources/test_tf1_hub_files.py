import pathlib
import shutil

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework.variable_pb2 import SaveSliceInfoDef

from retrain.errors import InputError
from retrain.modules.graphs.protos import ModuleDef
from retrain.modules.module_spec import INFERENCE, TRAIN
from retrain.modules.sources.source import DEFAULTS
from retrain.modules.sources.tf1_hub import load
from retrain.modules.sources.tf1_hub_files import (
    attached_image_size,
    collected,
    read_graphs,
    read_spec,
    read_values,
    variable_names,
)
from tests.tiny_tf1_hub import averaging_module, write_checkpoint


def sentence(handle: str) -> str:
    with pytest.raises(InputError) as info:
        load(handle, handle, DEFAULTS)
    return str(info.value)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> str:
    return averaging_module(tmp_path_factory.mktemp("modules") / "whole", attached_size=(8, 8))


@pytest.fixture
def copied(whole, tmp_path) -> pathlib.Path:
    return pathlib.Path(shutil.copytree(whole, tmp_path / "copy"))


def test_graphs_and_collections(whole):
    graphs = read_graphs(whole, whole)
    assert set(graphs) == {INFERENCE, TRAIN}
    graph = graphs[TRAIN]
    assert attached_image_size(graph) == (8, 8)
    assert collected(graph, "update_ops") == ["AssignSub"]
    assert collected(graphs[INFERENCE], "update_ops") == []
    assert variable_names(graph, "variables") == {"scale": None, "average": None}
    assert variable_names(graph, "trainable_variables") == {"scale": None}


def test_spec(tmp_path):
    handle = averaging_module(tmp_path / "m", attached_size=(8, 6), size=(None, None))
    spec = read_spec(handle, handle)
    assert spec.attached_image_size == (8, 6)
    assert spec.get_tags() == [set(), {"train"}]
    assert spec.get_input_info_dict() == {"images": tf.TensorSpec([None, None, None, 3], name="images")}
    outputs = {"default": tf.TensorSpec([None, 3]), "Mean/pixels": tf.TensorSpec([None, None, None, 3])}
    assert spec.get_output_info_dict("image_feature_vector", {"train"}) == outputs


def test_slices_of_a_partitioned_variable(tmp_path):
    value = np.arange(12, dtype=np.float32).reshape(4, 3)
    write_checkpoint(tmp_path, {"whole": tf.constant(value), "kernel": tf.constant(value)})
    part = SaveSliceInfoDef(full_name="kernel", full_shape=[4, 3], var_offset=[1, 0], var_shape=[2, 3])
    found = read_values(str(tmp_path), "m", {"whole": None, "kernel/part_1": part})
    np.testing.assert_array_equal(found["whole"], value)
    np.testing.assert_array_equal(found["kernel/part_1"], value[1:3])


@pytest.mark.parametrize("version", [0, 2])
def test_another_format_version(copied, version):
    (copied / "tfhub_module.pb").write_bytes(ModuleDef(format=version).SerializeToString())
    assert sentence(str(copied)) == (
        f"{str(copied)!r} is a TF1 Hub module of format version {version}, and only version 3 is read; "
        f"export it again with tensorflow-hub 0.1 or newer."
    )


def test_required_features(copied):
    definition = ModuleDef(format=3, required_features=["foo", "bar"])
    (copied / "tfhub_module.pb").write_bytes(definition.SerializeToString())
    assert sentence(str(copied)) == (
        f"{str(copied)!r} requires features of its reader that are unknown here (foo, bar); use a module "
        f"without them."
    )


def test_damaged_module_file(copied):
    (copied / "tfhub_module.pb").write_bytes(b"\x12\x70no")
    assert sentence(str(copied)) == (
        f"{str(copied)!r} cannot be loaded: its tfhub_module.pb is damaged; fetch or export the module again."
    )


def test_no_graph_for_inference(tmp_path):
    handle = averaging_module(tmp_path / "m", tags=(("train",), ("serve", "tpu")))
    assert sentence(handle) == (
        f"{handle!r} cannot be loaded: a TF1 Hub module has a graph without tags, and its saved_model.pb has "
        f"only those with the tags ['train'], ['serve', 'tpu']; export the module again."
    )


@pytest.mark.parametrize(
    ("collection", "what"), [("asset_filepaths", "asset files"), ("table_initializer", "lookup tables")]
)
def test_assets_and_tables(tmp_path, collection, what):
    handle = averaging_module(tmp_path / "m", collections={collection: ("words.txt",)})
    assert sentence(handle) == (
        f"{handle!r} uses {what} (the collection {collection!r}), which image modules do without; use a "
        f"module that computes its outputs from images and variables alone."
    )


@pytest.mark.parametrize(
    ("left", "what"), [({"scale": 1.0}, "'average'"), ({"other": 1.0}, "'average' and 1 more")]
)
def test_the_checkpoint_lacks_a_variable(copied, left, what):
    shutil.rmtree(copied / "variables")
    write_checkpoint(copied, {name: tf.fill([3], value) for name, value in left.items()})
    assert sentence(str(copied)) == (
        f"{str(copied)!r} cannot be loaded: its checkpoint lacks the variable {what}; fetch or export the "
        f"module again."
    )
