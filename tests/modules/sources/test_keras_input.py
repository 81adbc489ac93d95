import keras
import pytest
from keras import layers

from retrain.errors import InputError
from retrain.modules.sources.keras_input import first_divisor, image_size_of
from retrain.settings.module import ModuleSettings

BYTES = (0.0, 255.0)


def model_of(*made: layers.Layer, shape=(8, 8, 3), **of_input) -> keras.Model:
    images = keras.Input(shape, **of_input)
    return keras.Model(images, keras.Sequential([*made, layers.GlobalAveragePooling2D()])(images))


def sentence(model: keras.Model, **given) -> str:
    with pytest.raises(InputError) as info:
        image_size_of(model, "m", ModuleSettings(**given))
    return str(info.value)


def test_the_size_is_the_models_own_or_the_users():
    assert image_size_of(model_of(shape=(8, 6, 3)), "m", ModuleSettings()) == (8, 6)
    assert image_size_of(model_of(shape=(None, None, 3)), "m", ModuleSettings(image_size=9)) == (9, 9)


@pytest.mark.parametrize("is_built", [True, False])
def test_a_size_that_is_too_small_for_its_layers(is_built):
    made = [layers.Conv2D(2, 3), layers.MaxPooling2D(), layers.Conv2D(2, 3)]
    model = model_of(*made, shape=(None, None, 3)) if is_built else keras.Sequential(made)
    assert sentence(model, image_size=4) == (
        "'m' does not take images of 4 x 4 pixels (Computed output size would be zero or negative): give "
        "another --image_size, as a rule the one that it was trained on."
    )


def test_a_model_for_batches_of_one():
    assert sentence(model_of(batch_size=1)) == (
        "'m' has the input shape (1, 8, 8, 3), for batches of 1 alone, as a model has that was first called "
        "on these, or made with batch_size=1, and an image module takes those of any size: make it with "
        "keras.Input((8, 8, 3)), give it these weights, and save that."
    )


@pytest.mark.parametrize(
    "given",
    [{}, {"module_input_range": (-1.0, 1.0)}, {"module_input_range": BYTES, "module_input_mean": (9.0,) * 3}],
)
def test_whole_numbers_are_not_given_images_between_0_and_1(given):
    assert sentence(model_of(layers.Rescaling(1 / 255), dtype="uint8"), **given) == (
        "'m' takes pixels of uint8, whole numbers, which are all 0 of images in [0, 1]: give "
        "--module_input_range=0,255, and neither --module_input_mean nor --module_input_std."
    )


def test_whole_numbers_from_0_to_255_are_taken():
    model = model_of(layers.Rescaling(1 / 255), dtype="uint8")
    assert image_size_of(model, "m", ModuleSettings(module_input_range=BYTES)) == (8, 8)


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        ([layers.Rescaling(1 / 255)], 255.0),
        ([layers.RandomFlip(), layers.Resizing(4, 4), layers.Rescaling(1 / 127.5, -1.0)], 127.5),
        ([keras.Sequential([layers.RandomFlip()]), layers.Rescaling(1 / 255)], 255.0),
        ([layers.Normalization(mean=[120.0, 110.0, 100.0], variance=[4900.0, 3600.0, 2500.0])], 70.0),
        ([layers.Conv2D(3, 1), layers.Rescaling(1 / 255)], 1.0),
        ([layers.Rescaling(255.0)], 1 / 255),
        ([layers.RandomFlip()], 1.0),
    ],
)
def test_what_pixels_are_divided_by_first(first, expected):
    assert first_divisor(model_of(*first)) == pytest.approx(expected)


def test_an_operation_divides_as_well():
    images = keras.Input((8, 8, 3))
    seen = keras.applications.mobilenet.preprocess_input(images)
    assert first_divisor(keras.Model(images, layers.Flatten()(seen))) == 127.5
    assert first_divisor(keras.Model(images, layers.Flatten()(images / (1 + images)))) == 1.0
