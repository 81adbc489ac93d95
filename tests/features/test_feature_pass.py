import os
import pathlib

import numpy as np
import pytest
import tensorflow as tf
from absl import logging
from PIL import Image

from retrain.data import pipeline
from retrain.errors import InputError
from retrain.features import feature_pass as passing
from retrain.features.cache import FileKey
from retrain.features.engines import LITERT, TENSORFLOW
from retrain.features.feature_pass import FeaturePass, PassOptions, feature_pass, log_pass
from retrain.features.image_facts_store import ImageFactsStore
from retrain.features.stored import StoredFeatures
from retrain.modules.loading import load_module
from retrain.settings.module import ModuleSettings
from tests import tiny_worlds

COUNT = 40  # more than a batch


def save(path: pathlib.Path, value: int) -> None:
    Image.fromarray(np.full([10, 12, 3], (value, 2 * value, 255 - value), np.uint8)).save(path)


def expected(values) -> np.ndarray:
    return np.array([[value, 2 * value, 255 - value] for value in values]) / 255


def key(path: pathlib.Path) -> FileKey:
    status = path.stat()
    return FileKey(str(path), status.st_size, status.st_mtime_ns)


def passed(
    module,
    keys: list[FileKey],
    cache: pathlib.Path | None,
    engine: str = "auto",
    signature: str = "image_feature_vector",
) -> FeaturePass:
    """A pass that keeps its features in `cache`."""
    settings = ModuleSettings(feature_cache="none" if cache is None else str(cache), feature_engine=engine)
    return feature_pass(module, signature, keys, PassOptions(settings))


@pytest.fixture
def pictures(tmp_path) -> list[pathlib.Path]:
    (tmp_path / "pictures").mkdir()
    paths = [tmp_path / "pictures" / f"{value:03}.png" for value in range(COUNT)]
    for value, path in enumerate(paths):
        save(path, value)
    return paths


@pytest.fixture
def features_of(loaded_module, tmp_path):
    """The function under test, of files of the averaging module, with a cache."""

    def features(paths: list[pathlib.Path], engine: str = "auto", cache: str | None = "cache"):
        return passed(loaded_module, [key(path) for path in paths], cache and tmp_path / cache, engine)

    return features


def assert_features(result: FeaturePass, values, computed: int, engine: str = TENSORFLOW) -> None:
    np.testing.assert_allclose(result.features, expected(values), atol=1e-5)
    assert result.features.dtype == np.float32
    assert (result.skipped, result.computed, result.engine) == ({}, computed, engine)


def never(*_):
    raise AssertionError("was not to be called")


def test_rows_are_in_the_order_of_the_files(features_of, pictures):
    order = np.random.default_rng(0).permutation(COUNT)
    assert_features(features_of([pictures[value] for value in order]), order, COUNT)


def test_a_second_pass_computes_nothing_and_makes_no_engine(features_of, pictures, monkeypatch):
    first = features_of(pictures)
    monkeypatch.setattr(passing, "make_engine", never)
    monkeypatch.setattr(passing, "image_batches", never)
    again = features_of(pictures[::-1])
    assert_features(again, range(COUNT)[::-1], 0)
    np.testing.assert_array_equal(again.features, first.features[::-1])


def test_without_a_cache_everything_is_computed_and_nothing_written(features_of, pictures, tmp_path):
    for _ in range(2):
        assert_features(features_of(pictures, cache=None), range(COUNT), COUNT)
    assert os.listdir(tmp_path) == ["pictures"]


def test_a_changed_image_alone_is_computed_again(features_of, pictures):
    features_of(pictures)
    save(pictures[7], 100)
    os.utime(pictures[7], ns=(0, 12345))
    assert_features(features_of(pictures), [*range(7), 100, *range(8, COUNT)], 1)


def test_added_images_alone_are_computed(features_of, pictures):
    assert_features(features_of(pictures[:30]), range(30), 30)
    assert_features(features_of(pictures), range(COUNT), 10)


def test_many_features_in_memory_are_viewed(features_of, pictures, monkeypatch):
    monkeypatch.setattr(passing, "VIEWED", 0)
    result = features_of(pictures)
    assert isinstance(result.features, StoredFeatures)
    np.testing.assert_allclose(result.features, expected(range(COUNT)), atol=1e-5)


def test_what_is_remembered_does_not_depend_on_what_was_passed_with_it(pictures, tmp_path):
    module, random = load_module("builtin:gradients"), np.random.default_rng(0)
    for path in pictures:
        Image.fromarray(random.integers(256, size=[90, 70, 3], dtype=np.uint8)).save(path)
    keys = [key(path) for path in pictures]
    grown = [passed(module, keys[:count], tmp_path / "grown") for count in (35, 38, COUNT)][-1]
    cold = passed(module, keys[::-1], tmp_path / "cold")
    assert (grown.computed, cold.computed) == (2, COUNT)
    np.testing.assert_array_equal(grown.features, cold.features[::-1])


def test_what_gives_no_image_is_skipped_with_its_reason(loaded_module, pictures):
    pictures[0].write_bytes(b"")
    pictures[1].write_text("no image")
    pictures[35].write_bytes(pictures[35].read_bytes()[:40])
    keys = [key(path) for path in pictures]
    pictures[39].unlink()
    result = feature_pass(loaded_module, "image_feature_vector", keys)
    assert result.skipped == {
        0: "empty file",
        1: "not a file of an image",
        35: "damaged or incomplete PNG",
        39: "cannot be read (No such file or directory)",
    }
    rest = [row for row in range(COUNT) if row not in result.skipped]
    assert result.computed == len(rest)
    np.testing.assert_allclose(result.features[rest], expected(rest), atol=1e-5)
    assert not result.features[list(result.skipped)].any()


def test_what_is_no_image_costs_the_next_run_no_engine_and_no_segment(
    features_of, pictures, tmp_path, monkeypatch
):
    pictures[3].write_text("no image")
    first = features_of(pictures)
    segments = sorted(tmp_path.glob("cache/**/*.f32"))
    monkeypatch.setattr(passing, "make_engine", never)
    again = features_of(pictures)
    assert again.skipped == first.skipped == {3: "not a file of an image"}
    np.testing.assert_array_equal(again.features, first.features)
    assert sorted(tmp_path.glob("cache/**/*.f32")) == segments


def test_what_is_no_image_is_not_decoded_again_to_say_why(features_of, pictures, monkeypatch):
    monkeypatch.setattr(pipeline, "decode_image", never)
    pictures[3].write_bytes(pictures[3].read_bytes()[:60])
    assert features_of(pictures).skipped == {3: "damaged or incomplete PNG"}


def test_no_image_at_all(features_of, pictures):
    pictures[0].write_text("no image")
    result = features_of(pictures[:1])
    assert (result.features.shape, result.computed, len(result.skipped)) == ((1, 3), 0, 1)


def test_a_pass_that_was_broken_off_goes_on_where_it_was(features_of, pictures, monkeypatch):
    real = passing.run_engine

    def broken(*arguments):
        yield next(real(*arguments))
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(passing, "run_engine", broken)
        features_of(pictures)
    assert_features(features_of(pictures), range(COUNT), COUNT - passing.BATCH_SIZE)


def test_both_engines_agree_and_keep_their_features_apart(features_of, pictures):
    assert_features(features_of(pictures, TENSORFLOW), range(COUNT), COUNT)
    litert = features_of(pictures, LITERT)
    assert_features(litert, range(COUNT), COUNT, LITERT)
    assert_features(features_of(pictures, TENSORFLOW), range(COUNT), 0)


def test_auto_goes_on_with_the_engine_that_has_computed_most(features_of, pictures):
    features_of(pictures[:30], LITERT)
    assert_features(features_of(pictures), range(COUNT), 10, LITERT)
    features_of(pictures, TENSORFLOW)
    assert_features(features_of(pictures), range(COUNT), 0)


def test_auto_takes_litert_where_it_pays(features_of, pictures, monkeypatch):
    monkeypatch.setattr("retrain.features.engines.PAYS_FROM", COUNT)
    assert_features(features_of(pictures), range(COUNT), COUNT, LITERT)


@pytest.fixture(scope="module")
def not_convertible(tmp_path_factory):
    """An averaging module, by way of an operation that LiteRT does not know."""
    root = tf.Module()
    spec = tf.TensorSpec([None, 8, 8, 3], tf.float32)

    @tf.function(input_signature=[spec])
    def features(images):
        means = tf.reduce_mean(images, axis=[1, 2])
        return tf.linalg.inv(tf.linalg.inv(tf.linalg.diag(means + 1)))[:, 0] * 0 + means

    root.__call__ = features
    directory = tmp_path_factory.mktemp("not_convertible")
    tf.saved_model.save(root, str(directory), {"serving_default": features})
    return load_module(str(directory))


def test_auto_falls_back_to_tensorflow(not_convertible, pictures, tmp_path, monkeypatch):
    monkeypatch.setattr("retrain.features.engines.PAYS_FROM", 1)
    keys = [key(path) for path in pictures]
    assert_features(passed(not_convertible, keys, tmp_path / "cache"), range(COUNT), COUNT)
    assert_features(passed(not_convertible, keys, tmp_path / "cache"), range(COUNT), 0)


def test_litert_that_was_asked_for_does_not_fall_back(not_convertible, pictures):
    with pytest.raises(InputError) as raised:
        passed(not_convertible, [key(pictures[0])], None, LITERT)
    assert str(raised.value).startswith(f"{not_convertible.handle!r} cannot be run by LiteRT: ")
    assert str(raised.value).endswith("; leave out --feature_engine.")


def test_other_sizes_outputs_and_modules_are_other_features(loaded_module, pictures, tmp_path):
    any_size = tiny_worlds.averaging_module(
        tmp_path / "any size", (None, None), {"image_feature_vector": 1.0, "image_classification": 2.0}
    )
    keys, cache = [key(pictures[100 % COUNT])], tmp_path / "cache"
    passes = [
        (loaded_module, "image_feature_vector"),
        (load_module(any_size, ModuleSettings(image_size=8)), "image_feature_vector"),
        (load_module(any_size, ModuleSettings(image_size=4)), "image_feature_vector"),
        (load_module(any_size, ModuleSettings(image_size=4)), "image_classification"),
    ]
    for module, signature in passes:
        assert passed(module, keys, cache, signature=signature).computed == 1
    for module, signature in passes:
        assert passed(module, keys, cache, signature=signature).computed == 0
    assert len(list(cache.glob("features/*"))) == len(passes)


def test_a_cache_that_cannot_be_written(loaded_module, pictures, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"cannot be written \(Not a directory\)"):
        passed(loaded_module, [key(pictures[0])], tmp_path / "file")


def test_features_that_are_too_many_for_memory_stay_in_the_cache(features_of, pictures, monkeypatch):
    pictures[3].write_text("no image")
    first = features_of(pictures[:5], cache="small").features
    monkeypatch.setattr(passing, "IN_MEMORY", 4 * 5 * 3 - 1)
    for computed in (4, 0):
        stored = features_of(pictures[:5])
        assert isinstance(stored.features, StoredFeatures)
        assert (list(stored.skipped), stored.computed) == ([3], computed)
        np.testing.assert_array_equal(stored.features, first)
    assert isinstance(features_of(pictures[:4]).features, np.ndarray)
    assert isinstance(features_of(pictures[:5], cache=None).features, np.ndarray)


def test_facts_are_noted_of_the_images_that_are_decoded(loaded_module, pictures, tmp_path):
    pictures[3].write_text("no image")
    keys = [key(path) for path in pictures]
    with ImageFactsStore(keys, None) as store:
        done = feature_pass(loaded_module, "image_feature_vector", keys, PassOptions(facts=store))
    assert store.facts(keys).sizes.tolist() == [[10, 12] if row != 3 else [0, 0] for row in range(COUNT)]
    np.testing.assert_array_equal(
        done.features, feature_pass(loaded_module, "image_feature_vector", keys).features
    )


def test_a_pass_is_logged_in_one_line(features_of, pictures, monkeypatch):
    logged = []
    monkeypatch.setattr(logging, "info", lambda text, *values: logged.append(text % values))
    pictures[3].write_text("no image")
    features_of(pictures[:10])
    done = features_of(pictures)
    assert done.seconds > 0
    log_pass(done._replace(seconds=12.345))
    assert logged[-1] == "Features: 30 images computed (tensorflow) in 12.3 s, 9 remembered, 1 skipped."
