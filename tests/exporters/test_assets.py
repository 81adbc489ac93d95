import pathlib

import pytest

from retrain.errors import InputError
from retrain.exporters.assets import (
    DESCRIPTION,
    FOLDER,
    check_is_classifier,
    check_tells_familiarity,
    described_decoding,
    described_familiarity,
)
from retrain.files import write_text
from retrain.settings.data import Decoding


def test_a_classifier_describes_itself(tmp_path):
    with pytest.raises(InputError) as raised:
        check_is_classifier(str(tmp_path), "a handle")
    assert str(raised.value) == (
        "'a handle' is no classifier exported by retrain: it has no assets.extra/retrain.json; name a run "
        "or its export/saved_model; predict and evaluate take other classifiers with --label_map."
    )
    (tmp_path / "assets.extra").mkdir()
    (tmp_path / "assets.extra" / "retrain.json").touch()
    check_is_classifier(str(tmp_path), "a handle")


def describe(directory: pathlib.Path, text: str) -> None:
    (directory / "assets.extra").mkdir(exist_ok=True)
    (directory / "assets.extra" / "retrain.json").write_text(text)


def test_what_an_export_says_of_familiarity(tmp_path):
    describe(tmp_path, '{"familiarity": {"threshold": 0.1, "signature": "a signature", "more": 1}}')
    assert described_familiarity(str(tmp_path)) == (0.1, "a signature")
    describe(tmp_path, '{"tasks": {}}')
    assert described_familiarity(str(tmp_path)) is None
    describe(tmp_path, '{"familiarity": {}}')
    with pytest.raises(InputError) as raised:
        described_familiarity(str(tmp_path))
    assert str(raised.value) == (
        f"'{tmp_path}/assets.extra/retrain.json' was expected to describe tasks, their heads and classes, "
        "but does not (KeyError: 'threshold'): export the classifier again."
    )


def test_a_module_that_tells_no_familiarity():
    check_tells_familiarity(True, "a handle")
    with pytest.raises(InputError) as raised:
        check_tells_familiarity(False, "a handle")
    assert str(raised.value) == (
        "'a handle' does not tell how familiar images are, and --reject_unfamiliar goes by that: leave it "
        "out, or train a classifier again, with more images."
    )


def test_how_files_became_images_is_said_beside_a_file_of_an_export_too(tmp_path):
    write_text(tmp_path / FOLDER / DESCRIPTION, '{"alpha_background": "black", "antialias": true}')
    (tmp_path / "model.keras").touch()
    for files in (tmp_path, tmp_path / "model.keras"):
        assert described_decoding(str(files), 7.0) == Decoding("black", 7.0, antialias=True)
    assert described_decoding(str(tmp_path / FOLDER)) == described_decoding("") == Decoding()
    write_text(tmp_path / FOLDER / DESCRIPTION, "{}")  # of an earlier version
    assert described_decoding(str(tmp_path)) == Decoding()
