import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from PIL import Image

from retrain.errors import InputError
from retrain.exporters import ExportOptions
from retrain.exporters.tflite import write, write_float16, write_int8, write_int8_weights
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from retrain.modules.loading import load_module


@pytest.fixture(scope="module")
def convolutional(tmp_path_factory) -> ImageClassifier:
    """A module of one convolution with 8 channels, of very different sizes."""
    images = keras.Input([16, 16, 3])
    layer = keras.layers.Conv2D(8, 3, activation="relu")
    network = keras.Model(images, keras.layers.GlobalAveragePooling2D()(layer(images)))
    kernel = np.random.default_rng(0).normal(size=[3, 3, 3, 8]) * 10.0 ** np.arange(-4, 4)
    layer.set_weights([kernel, np.zeros(8)])
    path = str(tmp_path_factory.mktemp("convolutional") / "network.keras")
    network.save(path)
    return ImageClassifier(load_module(path), {"label": SoftmaxHead(["a", "b"])})


def test_8_bits_need_images_of_training(loaded_module, tmp_path):
    model = ImageClassifier(loaded_module, {"label": SoftmaxHead(["a", "b"])})
    with pytest.raises(InputError) as info:
        write_int8(model, str(tmp_path / "export"))
    assert str(info.value) == (
        "tflite_int8 needs images of training to see how large values become: there are none."
    )


def test_weights_have_the_bits_of_the_format(convolutional, tmp_path):
    """And of 8 bits a scale for each channel."""
    Image.new("RGB", (16, 16), "red").save(tmp_path / "red.png")
    options, found = ExportOptions(calibration=(str(tmp_path / "red.png"),)), {}
    for name, writer in {"float32": write, "float16": write_float16, "int8": write_int8}.items():
        writer(convolutional, str(tmp_path / name), options)
        interpreter = Interpreter(str(tmp_path / name / "model.tflite"))
        details = interpreter.get_tensor_details()
        found[name] = [of for of in details if list(of["shape"]) == [8, 3, 3, 3]]
        assert interpreter.get_input_details()[0]["dtype"] == np.float32
    assert {name: of[0]["dtype"] for name, of in found.items()} == {
        "float32": np.float32,
        "float16": np.float16,
        "int8": np.int8,
    }
    assert len(found["int8"][0]["quantization_parameters"]["scales"]) == 8


def test_weights_alone_in_8_bits_need_no_images(tmp_path):
    """Those of a large layer, with a scale for each channel; small ones and what is computed stay float."""
    images = keras.Input([16, 16, 3])
    layers = [keras.layers.Conv2D(8, 3), keras.layers.Conv2D(32, 5), keras.layers.GlobalAveragePooling2D()]
    keras.Sequential([images, *layers]).save(tmp_path / "m.keras")
    model = ImageClassifier(load_module(str(tmp_path / "m.keras")), {"label": SoftmaxHead(["a", "b"])})
    write_int8_weights(model, str(tmp_path / "export"))
    interpreter = Interpreter(str(tmp_path / "export" / "model.tflite"))
    details = {tuple(of["shape"]): of for of in interpreter.get_tensor_details()}
    assert details[32, 5, 5, 8]["dtype"] == np.int8
    assert len(details[32, 5, 5, 8]["quantization_parameters"]["scales"]) == 32
    assert details[8, 3, 3, 3]["dtype"] == np.float32
    assert details[1, 2]["dtype"] == np.float32


def test_a_graph_that_cannot_be_converted_costs_a_sentence_and_no_pages(tmp_path, capfd):
    images = keras.Input([16, 16, 3])
    made = keras.layers.Conv2D(8, 3, dtype="float16")(images)
    network = keras.Model(images, keras.layers.GlobalAveragePooling2D()(made))
    network.save(tmp_path / "network.keras")
    module = load_module(str(tmp_path / "network.keras"))
    with pytest.raises(InputError) as info:
        write(ImageClassifier(module, {"label": SoftmaxHead(["a", "b"])}), str(tmp_path / "export"))
    assert str(info.value) == (
        "TensorFlow's converter does not take its graph ('tf.Conv2D' op is neither a custom op nor a flex "
        "op), as it does that of a network that computes in float32."
    )
    assert "loc(" not in capfd.readouterr().err


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_a_network_that_was_saved_in_mixed_precision_is_converted(tmp_path, policy):
    images = keras.Input([16, 16, 3])
    made = keras.layers.Conv2D(8, 3, dtype=policy)(images)
    keras.Model(images, keras.layers.GlobalAveragePooling2D()(made)).save(tmp_path / "network.keras")
    module = load_module(str(tmp_path / "network.keras"))
    write(ImageClassifier(module, {"label": SoftmaxHead(["a", "b"])}), str(tmp_path / "export"))
    assert (tmp_path / "export" / "model.tflite").is_file()
