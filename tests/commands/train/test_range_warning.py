import keras
import numpy as np
import pytest
import tensorflow as tf
from absl import logging

from retrain.commands.train.range_warning import check_range_matters, some_of_each_class, tell_input_range
from retrain.errors import InputError
from retrain.exporters import exporter
from retrain.model import ImageClassifier
from retrain.modules.loading import load_module
from retrain.settings.module import ModuleSettings
from tests.examples.worlds import made_up, of_folder
from tests.modules.inspection.test_input_range import remembering


@pytest.fixture
def told(monkeypatch) -> list[str]:
    texts = []
    monkeypatch.setattr(logging, "warning", lambda text, *values: texts.append(text % values))
    return texts


@pytest.fixture
def bright_module(tmp_path) -> str:
    """Its features hardly depend on the image, unless its pixels are in [0, 255]."""
    module = tf.Module()
    spec = tf.TensorSpec([None, 8, 8, 3], tf.float32)
    module.__call__ = tf.function(lambda images: 1 + tf.reduce_mean(images, [1, 2]) / 255, [spec])
    tf.saved_model.save(module, str(tmp_path / "bright"))
    return str(tmp_path / "bright")


def tell(handle: str, folder: str, is_new: bool = True, **given) -> str:
    """As after a pass over the folder."""
    settings = ModuleSettings(tfhub_module=handle, **given)
    module, examples = load_module(handle, settings), of_folder(folder)
    images = [tf.image.decode_image(tf.io.read_file(path)) / 255 for path in examples.files]
    features = [module(tf.image.resize(image, [8, 8])[None]).numpy()[0] for image in images]
    return tell_input_range(module, examples.with_features(np.stack(features)), settings, is_new)


def test_a_module_made_for_other_pixels_is_told_in_a_line_that_names_the_flag(
    bright_module, colour_folder, told
):
    assert tell(bright_module, colour_folder) == "--module_input_range=0,255"
    [line] = told
    assert line.startswith(f"{bright_module!r} tells images in [0, 255] apart ")
    assert line.endswith(
        "times as well as in [0, 1], which it is given, as if made for these: --module_input_range=0,255 "
        "says so."
    )
    assert 100 < int(line.split(" apart ")[1].split()[0]) < 255


def test_who_has_said_the_range_is_not_told(bright_module, colour_folder, told):
    tell(bright_module, colour_folder, module_input_range=(0.0, 255.0))
    tell(bright_module, colour_folder, module_input_mean=(0.5, 0.5, 0.5))
    assert told == []


def test_a_network_for_signed_pixels_is_told_once(tmp_path, colour_folder, told):
    handle = remembering(tmp_path / "signed.keras", -1.0, 1.0)
    tell(handle, colour_folder, is_new=False)
    assert tell(handle, colour_folder, module_input_range=(-1.0, 1.0)) == ""
    assert told == []
    assert tell(handle, colour_folder) == "--module_input_range=-1,1"
    [line] = told
    assert line.startswith(f"{handle!r} has a first batch norm that remembers images ")
    assert line.endswith(
        " times nearer to those in [-1, 1] than to those in [0, 1], which it is given, as if made for these: "
        "--module_input_range=-1,1 says so."
    )


def test_a_module_for_the_range_it_is_given_is_not_told(averaging_module, colour_folder, told):
    tell(averaging_module, colour_folder)
    assert told == []


def test_an_export_refuses_other_pixels_itself_and_is_not_told(bright_module, colour_folder, tmp_path, told):
    model = ImageClassifier(load_module(bright_module), {"label": ["a", "b"]})
    exporter("saved_model")(model, str(tmp_path / "export"))
    tell(str(tmp_path / "export"), colour_folder)
    assert told == []


def test_images_of_each_class_come_first():
    examples = made_up([f"{row}.png" for row in range(7)], kind=["a", "a", "a", "b", "b", "c", None])
    assert some_of_each_class(examples, 4).tolist() == [0, 3, 5, 6]
    assert some_of_each_class(examples, 100).tolist() == [0, 3, 5, 6, 1, 4, 2]


@pytest.mark.parametrize("std", [None, (0.5, 0.5, 0.5)])
def test_a_range_that_only_makes_features_larger_is_refused(averaging_module, std):
    settings = ModuleSettings(module_input_range=(0.0, 255.0), module_input_std=std)
    with pytest.raises(InputError) as info:
        check_range_matters(load_module(averaging_module, settings))
    said, factor = ("", 255) if std is None else (" and --module_input_std", 510)
    assert str(info.value) == (
        f"--module_input_range{said} has no effect on {averaging_module!r}, but that its features are "
        f"{factor} times as large: leave it out."
    )


def test_a_range_that_makes_a_difference_is_taken(averaging_module, bright_module):
    check_range_matters(load_module(averaging_module))
    check_range_matters(load_module(averaging_module, ModuleSettings(module_input_range=(-1.0, 1.0))))
    check_range_matters(load_module(averaging_module, ModuleSettings(module_input_std=(0.5, 1.0, 1.0))))
    check_range_matters(load_module(bright_module, ModuleSettings(module_input_range=(0.0, 255.0))))


@pytest.fixture
def dividing_file(tmp_path) -> str:
    """Its features are 1/255 of the mean colour, so that the range only makes them larger."""
    made = [keras.layers.Rescaling(1 / 255), keras.layers.GlobalAveragePooling2D()]
    keras.Sequential([keras.Input((8, 8, 3)), *made]).save(tmp_path / "m.keras")
    return str(tmp_path / "m.keras")


def test_a_first_layer_that_divides_tells_the_range(dividing_file, colour_folder, told):
    assert tell(dividing_file, colour_folder) == "--module_input_range=0,255"
    assert told == [
        f"{dividing_file!r} begins with a layer that divides pixels by 255, as if made for those in [0, "
        f"255], and is given those in [0, 1]: --module_input_range=0,255 says so."
    ]


def test_the_range_that_a_first_layer_tells_is_taken(dividing_file):
    check_range_matters(load_module(dividing_file, ModuleSettings(module_input_range=(0.0, 255.0))))


@pytest.mark.filterwarnings("error")
def test_a_range_without_which_a_network_gives_nothing_is_taken(tmp_path):
    made = [keras.layers.Rescaling(1.0, offset=-1.0), keras.layers.ReLU(), keras.layers.GlobalMaxPooling2D()]
    keras.Sequential([keras.Input((8, 8, 3)), *made]).save(tmp_path / "m.keras")
    settings = ModuleSettings(module_input_range=(0.0, 255.0))
    check_range_matters(load_module(str(tmp_path / "m.keras"), settings))
