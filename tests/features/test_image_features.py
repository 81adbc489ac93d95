import re

import numpy as np
import pandas as pd
import pytest
from absl import logging
from retrain.examples.table import examples_table

from retrain.data.listing import read_listing
from retrain.errors import InputError
from retrain.features.image_features import image_features
from retrain.modules.load import load_module
from tests import tiny_worlds


@pytest.fixture
def folder(tmp_path):
    tiny_worlds.colour_folder(tmp_path / "photos", 4)
    return tmp_path / "photos"


def features_of(folder, module, allowed: float = 10.0):
    examples = examples_table(read_listing(str(folder)))
    return image_features(examples, str(folder), module, "image_feature_vector", None, "tensorflow", allowed)


def test_rows_of_examples_and_features_agree_without_what_was_skipped(folder, loaded_module):
    (folder / "magenta" / "001.png").write_text("no image")
    examples, features, skipped = features_of(folder, loaded_module)
    assert skipped.to_dict("records") == [
        {"path": "magenta/001.png", "reason": "not a JPEG, PNG, GIF, BMP or WebP file"}
    ]
    assert len(examples) == len(features) == 11
    assert examples.index.equals(pd.RangeIndex(11))
    expected = {"cyan": [0, 1, 1], "magenta": [1, 0, 1], "yellow": [1, 1, 0]}
    np.testing.assert_allclose(features, [expected[label] for label in examples["label"]], atol=4 / 255)


def test_nothing_skipped(folder, loaded_module):
    examples, features, skipped = features_of(folder, loaded_module)
    assert (len(examples), len(features), len(skipped)) == (12, 12, 0)
    assert list(skipped.columns) == ["path", "reason"]


def test_too_many_that_are_no_images(folder, loaded_module):
    for name in ("cyan/000.png", "yellow/003.png"):
        (folder / name).write_bytes(b"")
    with pytest.raises(InputError) as raised:
        features_of(folder, loaded_module)
    assert str(raised.value) == (
        "2 of 12 images (16.7 %) cannot be decoded, such as 'cyan/000.png' (empty file), and "
        "--max_skipped_percentage allows 10 %: mend or remove them, or allow more."
    )
    assert len(features_of(folder, loaded_module, 17.0).skipped) == 2


def test_a_class_of_which_no_image_is_left(folder, loaded_module):
    for path in [*(folder / "yellow").iterdir(), folder / "cyan" / "000.png"]:
        path.write_bytes(b"")
    with pytest.raises(InputError) as raised:
        features_of(folder, loaded_module, 100.0)
    assert str(raised.value) == (
        "No image of 'yellow' can be decoded, such as 'yellow/000.png' (empty file): add images, or remove "
        "the class."
    )


def test_features_that_are_no_numbers(folder, tmp_path):
    module = load_module(
        tiny_worlds.averaging_module(tmp_path / "module", methods={"__call__": float("nan")})
    )
    with pytest.raises(InputError) as raised:
        features_of(folder, module)
    assert str(raised.value) == (
        f"{module.handle!r} gives features that are no numbers (infinite or nan) for 12 images, such as "
        "'cyan/000.png': use another module, or remove them."
    )


def test_the_pass_is_logged_in_one_line(folder, loaded_module, monkeypatch):
    logged = []
    monkeypatch.setattr(logging, "info", lambda text, *values: logged.append(text % values))
    (folder / "magenta" / "001.png").write_text("no image")
    features_of(folder, loaded_module)
    assert re.fullmatch(
        r"Features: 11 images computed \(tensorflow\) in \d+\.\d s, 0 remembered, 1 skipped\.", logged[-1]
    )
