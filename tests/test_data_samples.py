"""The pictures that README trains on first: small, complete, and what their generator draws."""

import importlib.util
import pathlib

import numpy as np
import pytest
from absl import logging
from PIL import Image

from retrain.data.layout import read_listing
from retrain.data.table import read as read_table
from retrain.examples.splits import split
from tests.examples.worlds import of_folder, of_listing

SAMPLES = pathlib.Path(__file__).parent.parent / "data_samples"


@pytest.fixture(scope="module")
def generator():
    spec = importlib.util.spec_from_file_location("make_samples", SAMPLES / "make_samples.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_small_and_complete():
    listing = read_listing(str(SAMPLES / "drawings"))
    assert listing.columns["label"].names == ("boat", "fish", "house", "tree")
    examples = of_listing(listing)
    assert len(examples) == 56
    assert examples.table["size"].sum() < 150_000
    assert examples.table["group"].nunique() == 56


def test_every_class_is_in_every_split_by_its_hash_alone(monkeypatch):
    monkeypatch.setattr(logging, "info", lambda text, *values: pytest.fail(text % values))
    examples = split(of_folder(str(SAMPLES / "drawings")), (10.0, 10.0))
    labels = examples.table.assign(label=examples.tasks["label"].cells)
    assert (labels.groupby("label")["split"].nunique() == 3).all()


def test_the_generator_draws_them_again(generator, tmp_path):
    generator.make_drawings(tmp_path / "drawings")
    generator.make_scenes(tmp_path / "scenes")
    kept = [path.relative_to(SAMPLES) for path in SAMPLES.glob("*/**/*.jpg")]
    assert len(kept) == 56 + 60
    for path in kept:
        with Image.open(SAMPLES / path) as one, Image.open(tmp_path / path) as other:
            difference = np.asarray(one, np.float32) - np.asarray(other, np.float32)
        # Releases of Pillow may round an edge or a JPEG coefficient differently.
        assert np.abs(difference).mean() < 1.0
    for table in ("drawings.csv", "scenes.csv"):
        assert (tmp_path / table).read_bytes() == (SAMPLES / table).read_bytes()


def test_the_table_of_two_tasks_is_of_these_pictures():
    listing = read_table(str(SAMPLES / "drawings.csv"), str(SAMPLES / "drawings"))
    assert listing.paths == sorted(read_listing(str(SAMPLES / "drawings")).paths)
    assert {task: column.several for task, column in listing.columns.items()} == {
        "kind": False,
        "colours": True,
    }
    assert [path.split("/")[0] for path in listing.paths] == listing.columns["kind"].cells


def test_the_table_of_several_labels_says_what_is_in_the_scenes(generator):
    listing = read_table(str(SAMPLES / "scenes.csv"), str(SAMPLES / "scenes"))
    assert of_listing(listing).table["size"].sum() < 150_000
    [(task, (labels, _))] = listing.columns.items()
    assert (task, listing.columns[task].names) == ("things", tuple(generator.THINGS))
    assert labels[:3] == ["|".join(generator.scene(index)[1]) for index in range(1, 4)]
    assert "" in labels
    assert all(18 < sum(name in label for label in labels) < 42 for name in generator.THINGS)
