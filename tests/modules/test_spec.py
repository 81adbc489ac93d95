import pytest
import tensorflow as tf

from retrain.errors import InputError
from retrain.modules.module_spec import INFERENCE, ModuleSpec
from retrain.modules.signatures import Signature
from retrain.modules.spec import get_expected_image_size, get_num_image_channels, load_module_spec
from tests import tiny_tf1_hub, tiny_worlds


def spec(shape, attached=None, name="images") -> ModuleSpec:
    signature = Signature({name: tf.TensorSpec(shape)}, {"default": tf.TensorSpec([None, 5])})
    return ModuleSpec("m", {INFERENCE: {"default": signature, "other": signature}}, attached)


def sentence(function, *arguments) -> str:
    with pytest.raises(InputError) as info:
        function(*arguments)
    return str(info.value)


@pytest.mark.parametrize("source", ["tf1_hub", "saved_model", "keras", "builtin"])
def test_every_source(tmp_path, source):
    handle = {
        "tf1_hub": lambda: tiny_tf1_hub.averaging_module(tmp_path / "m"),
        "saved_model": lambda: tiny_worlds.averaging_module(tmp_path / "m"),
        "keras": lambda: tiny_worlds.keras_file(tmp_path),
        "builtin": lambda: "builtin:",
    }[source]()
    module_spec = load_module_spec(handle)
    assert module_spec.handle == handle
    assert "image_feature_vector" in module_spec.get_signature_names()
    assert get_expected_image_size(module_spec) == ((128, 128) if source == "builtin" else (8, 8))
    assert get_num_image_channels(module_spec) == 3
    outputs = module_spec.get_output_info_dict("image_feature_vector")
    assert outputs["default"].shape.as_list() == [None, 2906 if source == "builtin" else 3]


def test_the_attached_size_comes_first():
    assert get_expected_image_size(spec([None, None, None, 3], attached=(4, 5))) == (4, 5)
    assert get_expected_image_size(spec([None, 8, 6, 3], attached=(4, 5))) == (4, 5)
    assert get_expected_image_size(spec([None, 8, 6, 3])) == (8, 6)


def test_the_channels_are_never_attached():
    assert get_num_image_channels(spec([None, None, None, 1], attached=(4, 5))) == 1


def test_another_signature_or_input():
    found = spec([None, 8, 6, 3], name="photos")
    assert get_expected_image_size(found, signature="other", input_name="photos") == (8, 6)
    assert sentence(get_expected_image_size, found) == "'m' has no input 'images' in default; it has: photos."
    assert (
        sentence(get_num_image_channels, found, "third")
        == "'m' has no signature 'third'; it has: default, other."
    )


def test_what_is_not_known():
    assert sentence(get_expected_image_size, spec([None, None, None, 3])) == (
        "'m' takes images of any size and does not say which it expects; use the size that its "
        "publisher documents."
    )
    assert sentence(get_num_image_channels, spec([None, 8, 6, None])) == (
        "'m' does not say how many channels its images have."
    )
    assert sentence(get_num_image_channels, spec([None, 192])) == (
        "The input 'images' of 'm' in default has the shape (None, 192), and images have (batch, height, "
        "width, channels)."
    )


def test_no_module(tmp_path):
    assert sentence(load_module_spec, str(tmp_path / "none")).startswith(
        f"{str(tmp_path / 'none')!r} does not exist; a module handle is "
    )
