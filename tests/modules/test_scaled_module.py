"""Modules of sources that read the range, behind a scaling: in, out, trained, exported and read back."""

import tarfile

import numpy as np
import pytest
import tensorflow as tf

from retrain.errors import InputError
from retrain.exporters import MODULES, exporter
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from retrain.modules.loading import load_module
from retrain.modules.scaled_module import scaled_images
from retrain.modules.sources.source import INPUT, source_of
from retrain.settings.module import ModuleSettings
from tests.contracts.example_modules import KINDS

BRIGHT = ModuleSettings(module_input_range=(0.0, 255.0))
NORMALISED = ModuleSettings(
    module_input_range=(-1.0, 1.0), module_input_mean=(0.5, 0.0, -0.5), module_input_std=(0.5, 1.0, 2.0)
)


@pytest.fixture(params=["keras_file", "tf1_hub", "saved_model"])
def handle(request, tmp_path) -> str:
    return KINDS[request.param].make(tmp_path / "module", 1.0)


def images_for(module, count: int = 3) -> np.ndarray:
    return np.random.default_rng(0).random([count, *module.image_size, 3], np.float32)


def test_an_image_as_the_network_sees_it():
    image = np.full([1, 1, 1, 3], 0.75, np.float32)
    assert scaled_images(image, ModuleSettings()).numpy().ravel().tolist() == [0.75] * 3
    assert scaled_images(image, BRIGHT).numpy().ravel().tolist() == [191.25] * 3
    assert scaled_images(image, NORMALISED).numpy().ravel().tolist() == [0.0, 0.5, 0.5]


def test_it_gives_what_the_module_gives_for_scaled_images(handle):
    plain = load_module(handle)
    images = images_for(plain)
    for settings in (BRIGHT, NORMALISED):
        module = load_module(handle, settings)
        np.testing.assert_allclose(module(images), plain(scaled_images(images, settings)), rtol=1e-5)
    fingerprints = {load_module(handle, of).fingerprint for of in (ModuleSettings(), BRIGHT, NORMALISED)}
    assert len(fingerprints) == 3
    assert load_module(handle, BRIGHT).fingerprint in fingerprints


def test_it_trains_what_the_module_trains(handle):
    plain, module = load_module(handle), load_module(handle, BRIGHT)
    for kind in ("variables", "trainable_variables", "regularization_losses"):
        assert len(getattr(module, kind)) == len(getattr(plain, kind))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(module(images_for(module), training=True))
    assert any(gradient is not None for gradient in tape.gradient(loss, list(module.trainable_variables)))


@pytest.mark.parametrize("form", MODULES)
def test_exports_take_what_every_module_takes(handle, form, tmp_path):
    module = load_module(handle, NORMALISED)
    exporter(form)(ImageClassifier(module, {"label": SoftmaxHead(["a", "b"])}), str(tmp_path / "export"))
    images, again = images_for(module), load_module(str(tmp_path / "export"))
    np.testing.assert_allclose(again(images), module(images), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("form", MODULES)
def test_an_export_knows_its_range_and_says_so(handle, form, tmp_path):
    export = str(tmp_path / "export")
    exporter(form)(ImageClassifier(load_module(handle), {"label": SoftmaxHead(["a", "b"])}), export)
    for settings, said in (
        (BRIGHT, "--module_input_range"),
        (NORMALISED, "--module_input_mean and --module_input_range and --module_input_std"),
    ):
        with pytest.raises(InputError) as info:
            load_module(export, settings)
        assert str(info.value) == (
            f"{export!r} takes pixels in [0, 1], and refuses others itself, as classifiers that retrain "
            f"exports do: leave {said} out."
        )


def test_an_archive_is_scaled_once(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    handle = KINDS["saved_model"].make(tmp_path / "module", 1.0)
    with tarfile.open(tmp_path / "module.tar.gz", "w:gz") as archive:
        archive.add(handle, "module")
    module = load_module(str(tmp_path / "module.tar.gz"), BRIGHT)
    images = images_for(module)
    np.testing.assert_allclose(module(images), 255.0 * images.mean(axis=(1, 2)), rtol=1e-5)


def test_who_knows_the_range_does_not_read_it():
    assert not source_of("builtin:").reads & INPUT
    assert not source_of("builtin:gradients").reads & INPUT
    assert not source_of("keras:VGG16").reads & INPUT
