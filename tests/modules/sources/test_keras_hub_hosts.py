import logging
import pathlib
import shutil

import huggingface_hub
import numpy as np
import pytest
import requests
from huggingface_hub import constants

from retrain.errors import InputError
from retrain.modules.loading import load_module
from retrain.modules.sources.embedded import best
from retrain.modules.sources.keras_hub_hosts import at_hand
from tests import tiny_presets
from tests.tiny_presets import SIDE

CLOSED = "http://127.0.0.1:1"


@pytest.fixture(autouse=True)
def offline(tmp_path, monkeypatch):
    """Neither host answers, and their caches are empty."""
    monkeypatch.setattr(constants, "ENDPOINT", CLOSED)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hf"))
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "kaggle"))


def sentence(handle: str) -> str:
    with pytest.raises(InputError) as info:
        load_module(handle)
    return str(info.value)


def expected(handle: str, host: str, reason: str, like: str = "") -> str:
    return (
        f"{handle!r} is not on this machine, and {host} cannot be reached ({reason}): check the connection, "
        f"give the directory of a preset that was downloaded elsewhere, or take another: {like}{best()!r} "
        f"needs no download."
    )


def test_hugging_face_is_asked_once(caplog, capfd):
    handle, like = "hf://timm/resnet50.a1_in1k", "'keras:ResNet50' is a network of its kind, and "
    with caplog.at_level(logging.INFO):
        said = sentence(handle)
    assert said == expected(handle, "127.0.0.1", "[Errno 111] Connection refused", like)
    assert (caplog.messages, capfd.readouterr().err) == ([], "")


def test_hugging_face_that_one_has_switched_off(monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    reason = (
        f"Cannot reach {CLOSED}: offline mode is enabled. To disable it, please unset the `HF_HUB_OFFLINE` "
        f"environment variable"
    )
    assert sentence("hf://a/vit") == expected("hf://a/vit", "127.0.0.1", reason)


def test_a_preset_of_the_cache_needs_no_host(tmp_path):
    preset = pathlib.Path(tiny_presets.resnet(tmp_path / "resnet"))
    repository = tmp_path / "hf" / "models--a--resnet"
    shutil.copytree(preset, repository / "snapshots" / "0123abcd")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0123abcd")
    module = load_module("hf://a/resnet")
    images = np.full([1, SIDE, SIDE, 3], 0.5, np.float32)
    np.testing.assert_array_equal(module(images), load_module(str(preset))(images))


def test_what_is_reached_is_left_to_kerashub(monkeypatch):
    monkeypatch.setattr(huggingface_hub, "get_session", requests.Session)
    monkeypatch.setattr(requests.Session, "head", lambda *_, **__: None)
    assert at_hand("hf://a/vit", "hf://a/vit") == "hf://a/vit"
    assert at_hand("vit_base", "keras_hub:vit_base") == "vit_base"


def test_no_repository_has_such_a_name():
    assert sentence("hf://a/b/c").startswith("'hf://a/b/c' cannot be loaded by KerasHub ")


@pytest.mark.parametrize(
    "handle", ["kaggle://keras/vit/keras/base", "keras_hub:vit_base_patch16_224_imagenet"]
)
def test_kaggle(monkeypatch, handle):
    def closed(*_, **__):
        try:
            raise OSError(113, "No route to host")
        except OSError as error:
            raise requests.ConnectionError("Max retries exceeded") from error

    monkeypatch.setattr(requests.Session, "send", closed)
    assert sentence(handle) == expected(handle, "Kaggle", "[Errno 113] No route to host")
