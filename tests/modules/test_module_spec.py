import pytest
import tensorflow as tf

from retrain.errors import InputError
from retrain.modules.module_spec import INFERENCE, TRAIN, ModuleSpec
from retrain.modules.signatures import image_signature

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
