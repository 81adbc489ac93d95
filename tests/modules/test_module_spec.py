import pytest
import tensorflow as tf

import retrain.modules as hub
from retrain.errors import InputError
from retrain.modules.module_spec import (
    INFERENCE,
    TRAIN,
    ModuleSpec,
    get_expected_image_size,
    get_num_image_channels,
    load_module_spec,
)
from retrain.modules.signatures import Signature, image_signature
from tests import tiny_tf1_hub

SIGNATURE = image_signature((8, 6), {"default": tf.TensorSpec([None, 5])})


def spec(*names: str) -> ModuleSpec:
    signatures = dict.fromkeys(names, SIGNATURE)
    return ModuleSpec("m", {INFERENCE: signatures, TRAIN: signatures})


def test_what_it_tells():
    found = spec("default", "image_feature_vector")
    assert found.get_tags() == [set(), {"train"}]
    assert found.get_signature_names(tags={"train"}) == ["default", "image_feature_vector"]
    assert found.get_input_info_dict() == SIGNATURE.inputs
    assert found.get_output_info_dict(signature="image_feature_vector") == SIGNATURE.outputs


@pytest.mark.parametrize(
    ("names", "default"),
    [
        (("image_classification", "default"), "default"),
        (("image_feature_vector",), "image_feature_vector"),
        (("image_feature_vector", "image_classification"), "image_classification"),
        (("detect",), "default"),
    ],
)
def test_default_signature(names, default):
    assert spec(*names).default_signature == default


def test_a_signature_that_is_not_there():
    with pytest.raises(InputError) as info:
        spec("detect", "caption").get_output_info_dict("image_classification")
    assert str(info.value) == "'m' has no signature 'image_classification'; it has: detect, caption."


def test_tags_that_are_not_there():
    with pytest.raises(InputError) as info:
        spec("default").get_signature_names(["tpu", "train"])
    assert str(info.value) == "'m' has no graph with the tags ['tpu', 'train']; it has: [], ['train']."


def spec_of(shape, attached=None, name="images") -> ModuleSpec:
    signature = Signature({name: tf.TensorSpec(shape)}, {"default": tf.TensorSpec([None, 5])})
    return ModuleSpec("m", {INFERENCE: {"default": signature, "other": signature}}, attached)


def sentence(function, *arguments) -> str:
    with pytest.raises(InputError) as info:
        function(*arguments)
    return str(info.value)


def test_the_attached_size_comes_first():
    assert get_expected_image_size(spec_of([None, None, None, 3], attached=(4, 5))) == [4, 5]
    assert get_expected_image_size(spec_of([None, 8, 6, 3], attached=(4, 5))) == [4, 5]
    assert get_expected_image_size(spec_of([None, 8, 6, 3])) == [8, 6]


def test_the_channels_are_never_attached():
    assert get_num_image_channels(spec_of([None, None, None, 1], attached=(4, 5))) == 1


def test_another_signature_or_input():
    found = spec_of([None, 8, 6, 3], name="photos")
    assert get_expected_image_size(found, signature="other", input_name="photos") == [8, 6]
    assert sentence(get_expected_image_size, found) == "'m' has no input 'images' in default; it has: photos."
    assert (
        sentence(get_num_image_channels, found, "third")
        == "'m' has no signature 'third'; it has: default, other."
    )


def test_what_is_not_known():
    assert sentence(get_expected_image_size, spec_of([None, None, None, 3])) == (
        "'m' takes images of any size and does not say which it expects; use the size that its "
        "publisher documents."
    )
    assert sentence(get_num_image_channels, spec_of([None, 8, 6, None])) == (
        "'m' does not say how many channels its images have."
    )
    assert sentence(get_num_image_channels, spec_of([None, 192])) == (
        "The input 'images' of 'm' in default has the shape (None, 192), and images have (batch, height, "
        "width, channels)."
    )


def test_no_module(tmp_path):
    assert sentence(load_module_spec, str(tmp_path / "none")).startswith(
        f"{str(tmp_path / 'none')!r} does not exist; a module handle is "
    )


def test_what_is_attached(tmp_path):
    handle = tiny_tf1_hub.averaging_module(tmp_path / "m", attached_size=(8, 6))
    spec = hub.load_module_spec(handle)
    info = spec.get_attached_message("image_module_info", hub.ImageModuleInfo, required=True)
    assert (info.default_image_size.height, info.default_image_size.width) == (8, 6)
    module = hub.Module(spec, trainable=True, tags={"train"})
    assert module.get_attached_message("image_module_info", hub.ImageModuleInfo) == info
    assert module.get_attached_message("other", hub.ImageModuleInfo) is None
    with pytest.raises(InputError) as error:
        spec.get_attached_message("other", hub.ImageModuleInfo, tags={"train"}, required=True)
    assert str(error.value) == f"{handle!r} has no attached message 'other', but 'image_module_info'."


def test_nothing_is_attached():
    with pytest.raises(InputError, match=r"^'m' has no attached message 'k', but nothing\.$"):
        spec_of([None, 8, 6, 3]).get_attached_message("k", hub.ImageModuleInfo, required=True)


def test_a_spec_writes_nothing():
    with pytest.raises(InputError) as info:
        spec_of([None, 8, 6, 3]).export("module", checkpoint_path="checkpoint")
    assert str(info.value) == (
        "The spec of 'm' has no values of variables: write the module with hub.Module(spec).export(path, "
        "session)."
    )


def test_what_is_asked_of_a_tensor():
    found = spec_of([None, 8, 6, 3]).get_input_info_dict()["images"]
    assert (found.get_shape().as_list(), found.dtype, found.is_sparse) == ([None, 8, 6, 3], tf.float32, False)
