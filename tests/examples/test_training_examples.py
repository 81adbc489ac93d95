import pytest
from absl import logging

from retrain.data.listing import read_listing
from retrain.examples.training_examples import examples_without_leaks, split_examples
from retrain.settings.config import Config
from tests import tiny_worlds


@pytest.fixture
def logged(monkeypatch) -> list[str]:
    found = []
    monkeypatch.setattr(logging, "info", lambda text, *values: found.append(text % values))
    return found


@pytest.fixture
def split_folder(tmp_path):
    for split in ("train", "val"):
        tiny_worlds.colour_folder(tmp_path / "split" / split, 2)
    for path in (tmp_path / "split" / "val").rglob("*.png"):
        path.write_bytes(path.read_bytes() + b"\0")
    return tmp_path / "split"


def test_what_lies_in_two_given_splits_is_dropped_from_train_and_listed(split_folder, logged):
    leaked = (split_folder / "val" / "cyan" / "000.png").read_bytes()
    (split_folder / "train" / "cyan" / "000.png").write_bytes(leaked)
    examples, leaks = examples_without_leaks(read_listing(str(split_folder)))
    assert leaks.to_dict("records") == [
        {
            "path": "train/cyan/000.png",
            "reason": "not trained on: the same image is val/cyan/000.png",
        }
    ]
    assert "train/cyan/000.png" not in set(examples["path"])
    assert len(examples) == 11
    assert logged == ["1 images of train are left out, being in another split, too."]


def test_without_given_splits_nothing_leaks(colour_folder, logged):
    examples, leaks = examples_without_leaks(read_listing(colour_folder))
    assert (len(examples), list(leaks.columns), len(leaks), logged) == (24, ["path", "reason"], 0, [])


def test_a_given_split_stays_and_others_are_decided(split_folder, colour_folder, logged):
    listing = read_listing(str(split_folder))
    examples = split_examples(examples_without_leaks(listing)[0], listing, Config.of())
    assert examples["split"].value_counts().to_dict() == {"train": 6, "validation": 6}
    assert logged[-1] == "12 images of 3 classes: 6 train, 6 validation."
    listing = read_listing(colour_folder)
    examples = split_examples(examples_without_leaks(listing)[0], listing, Config.of())
    assert examples["split"].value_counts().to_dict() == {"train": 18, "validation": 3, "test": 3}


def test_few_of_many_notes_are_shown(tmp_path, logged):
    for label in range(8):
        tiny_worlds.colour_folder(tmp_path / "photos" / f"class {label}", 1)
    listing = read_listing(str(tmp_path / "photos"))
    config = Config.of(validation_percentage=1.0, testing_percentage=1.0)
    split_examples(examples_without_leaks(listing)[0], listing, config)
    assert sum(" is in " in line for line in logged) == 5
    assert any(line.startswith("... and ") for line in logged)


def test_a_frozen_split(colour_folder, tmp_path, logged):
    listing = read_listing(colour_folder)
    examples, _ = examples_without_leaks(listing)
    frozen = examples.assign(
        split=["test" if path.endswith("0.png") else "train" for path in examples["path"]]
    )
    frozen.to_csv(tmp_path / "frozen.csv")
    again = split_examples(examples, listing, Config.of(split_file=str(tmp_path / "frozen.csv")))
    assert again["split"].tolist() == frozen["split"].tolist()
