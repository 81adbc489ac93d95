import concurrent.futures

import numpy as np
import pytest
import tensorflow as tf

from retrain.errors import InputError
from retrain.features import engines as feature_engine
from retrain.features.engines import (
    LITERT,
    TENSORFLOW,
    NotConvertibleError,
    choose_engine,
    make_engine,
    of_whole_batches,
)
from retrain.modules.loading import load_module
from retrain.modules.signatures import IMAGE_FEATURE_VECTOR

IMAGES = np.random.default_rng(0).random([19, 8, 8, 3], np.float32)


@pytest.fixture(scope="module")
def engines(loaded_module):
    return {name: make_engine(name, loaded_module, IMAGE_FEATURE_VECTOR) for name in (TENSORFLOW, LITERT)}


@pytest.mark.parametrize("name", [TENSORFLOW, LITERT])
@pytest.mark.parametrize("count", [1, 7, 8, 9, 16, 19])
def test_features_of_any_number_of_images(engines, name, count):
    features = engines[name](IMAGES[:count])
    assert features.dtype == np.float32
    np.testing.assert_allclose(features, IMAGES[:count].mean(axis=(1, 2)), rtol=1e-4)


@pytest.mark.parametrize("name", [TENSORFLOW, LITERT])
def test_threads_do_not_mix_their_images(engines, name):
    with concurrent.futures.ThreadPoolExecutor(feature_engine.WORKERS) as threads:
        results = list(threads.map(engines[name], np.repeat(IMAGES[:, None], 9, axis=1)))
    expected = np.repeat(IMAGES.mean(axis=(1, 2))[:, None], 9, axis=1)
    np.testing.assert_allclose(results, expected, rtol=1e-4)


def test_whole_batches_are_what_the_engine_sees():
    seen = []
    whole = of_whole_batches(lambda images: seen.append(images.shape) or images.mean(axis=(1, 2)))
    np.testing.assert_array_equal(whole(IMAGES), IMAGES.mean(axis=(1, 2)))
    assert seen == [(feature_engine.BATCH_SIZE, 8, 8, 3)]


@pytest.mark.parametrize(
    ("wanted", "count", "chosen"),
    [
        ("auto", feature_engine.PAYS_FROM, LITERT),
        ("auto", feature_engine.PAYS_FROM - 1, TENSORFLOW),
        ("tensorflow", 10**6, TENSORFLOW),
        ("litert", 1, LITERT),
    ],
)
def test_litert_is_chosen_when_it_is_asked_for_or_pays(loaded_module, wanted, count, chosen):
    assert choose_engine(wanted, loaded_module, count) == chosen


def test_litert_does_not_pay_for_a_module_without_weights():
    assert choose_engine("auto", load_module("builtin:gradients"), 10**6) == TENSORFLOW


def test_without_the_package(loaded_module, monkeypatch):
    monkeypatch.setattr(feature_engine, "Interpreter", None)
    assert choose_engine("auto", loaded_module, 10**6) == TENSORFLOW
    with pytest.raises(InputError) as raised:
        choose_engine("litert", loaded_module, 10**6)
    assert str(raised.value) == (
        "--feature_engine=litert needs a package that is missing: pip install ai-edge-litert."
    )


class Module:
    """As much of an ImageModule as an engine needs."""

    image_size = (8, 8)

    def __init__(self, function):
        self.function = function

    def output(self, images, signature):
        return self.function(images)


def test_what_litert_does_not_know():
    module = Module(lambda images: tf.linalg.inv(tf.reduce_mean(images, axis=3))[:, 0])
    with pytest.raises(NotConvertibleError):
        make_engine(LITERT, module, IMAGE_FEATURE_VECTOR)


def test_what_litert_computes_otherwise():
    def features(images):
        return tf.reduce_mean(images, axis=[1, 2]) + features.offset

    features.offset = 0.0
    module = Module(features)
    model = feature_engine._converted(module, IMAGE_FEATURE_VECTOR)
    features.offset = 0.01
    with pytest.MonkeyPatch.context() as patch, pytest.raises(NotConvertibleError) as raised:
        patch.setattr(feature_engine, "_converted", lambda *_: model)
        make_engine(LITERT, module, IMAGE_FEATURE_VECTOR)
    assert str(raised.value) == "its features differ by 0.01"


def test_features_that_are_all_zero_agree():
    engine = make_engine(LITERT, Module(lambda images: 0.0 * images[:, 0, 0]), IMAGE_FEATURE_VECTOR)
    np.testing.assert_array_equal(engine(IMAGES[:2]), np.zeros([2, 3]))


def test_a_conversion_that_fails_says_nothing_itself(capfd):
    module = Module(lambda images: tf.linalg.inv(tf.reduce_mean(images, axis=3))[:, 0])
    with pytest.raises(NotConvertibleError):
        make_engine(LITERT, module, IMAGE_FEATURE_VECTOR)
    assert capfd.readouterr() == ("", "")
