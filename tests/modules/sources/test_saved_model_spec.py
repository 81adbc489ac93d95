import pathlib
import shutil

import pytest
import tensorflow as tf

from retrain.errors import InputError
from retrain.modules.module_spec import ModuleSpec
from retrain.modules.sources.saved_model import load
from retrain.modules.sources.saved_model_spec import read_spec
from retrain.modules.sources.source import DEFAULTS
from tests.tiny_worlds import averaging_module

FEATURES, CLASSES = "image_feature_vector", "image_classification"


def spec_without_variables(handle: str) -> ModuleSpec:
    shutil.rmtree(pathlib.Path(handle) / "variables")
    return read_spec(handle, handle)


@pytest.mark.parametrize(
    "module",
    [
        {},
        {"with_training": False},
        {"with_attributes": False},
        {"methods": {}},
        {"output_key": "logits"},
        {"labels": 3},
        {"methods": {"__call__": 2, FEATURES: 3, CLASSES: 2}},
        {"methods": {"__call__": 2}, "signatures": {CLASSES: 5}},
        {"methods": {FEATURES: 1}, "signatures": {}},
    ],
)
def test_it_says_what_loading_says(tmp_path, module):
    handle = averaging_module(tmp_path / "m", **module)
    loaded = load(handle, handle, DEFAULTS)
    spec = spec_without_variables(handle)
    assert spec.get_tags() == [set(), {"train"}]
    assert set(spec.get_signature_names()) == set(loaded.signatures)
    for name, signature in loaded.signatures.items():
        assert spec.get_input_info_dict(name) == signature.inputs
        found = spec.get_output_info_dict(name)
        assert {key: (spec.shape, spec.dtype) for key, spec in found.items()} == {
            key: (spec.shape, spec.dtype) for key, spec in signature.outputs.items()
        }


def test_images_of_any_size(tmp_path):
    spec = spec_without_variables(averaging_module(tmp_path / "m", size=(None, None)))
    assert spec.get_input_info_dict()["images"].shape.as_list() == [None, None, None, 3]


def test_methods_of_a_class(tmp_path):
    class Model(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, 4, 5, 3])])
        def __call__(self, pictures):
            return {"default": tf.reduce_mean(pictures, [1, 2]), "Net/end": pictures}

    tf.saved_model.save(Model(), str(tmp_path / "m"))
    spec = read_spec(str(tmp_path / "m"), "m")
    assert spec.get_input_info_dict() == {"images": tf.TensorSpec([None, 4, 5, 3], name="images")}
    assert list(spec.get_output_info_dict()) == ["default", "Net/end"]


def test_no_function_of_images(tmp_path):
    handle = averaging_module(tmp_path / "m", methods={}, signatures={"detect": 1.0, "caption": 1.0})
    with pytest.raises(InputError) as info:
        read_spec(handle, handle)
    assert str(info.value) == (
        f"{handle!r} has no signature 'image_feature_vector'; it has: caption, detect. Use a module that "
        f"follows the Common Signatures for Images, or say with --module_kind what its outputs are."
    )


@pytest.mark.parametrize("size", [0, 30, -1])
def test_truncated_saved_model(tmp_path, size):
    handle = averaging_module(tmp_path / "m")
    path = tmp_path / "m" / "saved_model.pb"
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(InputError) as info:
        read_spec(handle, handle)
    assert str(info.value) == (
        f"{handle!r} cannot be loaded: its saved_model.pb is empty or cut short; fetch or export the "
        f"module again."
    )


def test_several_graphs(tmp_path):
    handle = averaging_module(tmp_path / "m")
    path = tmp_path / "m" / "saved_model.pb"
    path.write_bytes(path.read_bytes() * 2)  # repeated fields of concatenated messages are concatenated
    with pytest.raises(InputError) as info:
        read_spec(handle, handle)
    assert str(info.value) == (
        f"{handle!r} cannot be loaded: its saved_model.pb holds several graphs, and is no TF2 SavedModel; "
        f"export the module again."
    )
