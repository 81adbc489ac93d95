import pathlib

import pytest

from retrain.errors import InputError
from retrain.export.assets import check_is_classifier, check_tells_familiarity, described_threshold


def test_a_classifier_describes_itself(tmp_path):
    with pytest.raises(InputError) as raised:
        check_is_classifier(str(tmp_path), "a handle")
    assert str(raised.value) == (
        "'a handle' is no classifier exported by retrain: it has no assets.extra/retrain.json; name the "
        "export/saved_model of a run."
    )
    (tmp_path / "assets.extra").mkdir()
    (tmp_path / "assets.extra" / "retrain.json").touch()
    check_is_classifier(str(tmp_path), "a handle")


def describe(directory: pathlib.Path, text: str) -> None:
    (directory / "assets.extra").mkdir(exist_ok=True)
    (directory / "assets.extra" / "retrain.json").write_text(text)


def test_the_threshold_is_what_the_export_says(tmp_path):
    describe(tmp_path, '{"familiarity": {"threshold": 0.1}}')
    assert described_threshold(str(tmp_path)) == 0.1
    describe(tmp_path, '{"tasks": {}}')
    assert described_threshold(str(tmp_path)) is None
    describe(tmp_path, '{"familiarity": {}}')
    with pytest.raises(InputError, match="was expected to describe tasks, their heads and classes, but does"):
        described_threshold(str(tmp_path))


def test_an_export_that_tells_no_familiarity():
    check_tells_familiarity(0.05, "a handle")
    with pytest.raises(InputError) as raised:
        check_tells_familiarity(None, "a handle")
    assert str(raised.value) == (
        "'a handle' does not tell how familiar images are, and --reject_unfamiliar goes by that: leave it "
        "out, or train a classifier again, with more images."
    )
