"""The pictures that README trains on first: small, complete, and what their generator draws."""

import importlib.util
import pathlib

import numpy as np
import pytest
from PIL import Image

from retrain.data.listing import read_listing
from retrain.data.table import read as read_table
from retrain.examples.hash_split import assign_splits
from retrain.examples.table import TASK, examples_table

SAMPLES = pathlib.Path(__file__).parent.parent / "data_samples"


@pytest.fixture(scope="module")
def generator():
    spec = importlib.util.spec_from_file_location("make_samples", SAMPLES / "make_samples.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_small_and_complete():
    listing = read_listing(str(SAMPLES / "drawings"))
    assert listing.class_names == ("boat", "fish", "house", "tree")
    examples = examples_table(listing)
    assert len(examples) == 56
    assert examples["size"].sum() < 150_000
    assert examples["group"].nunique() == 56


def test_every_class_is_in_every_split_by_its_hash_alone():
    examples, notes = assign_splits(examples_table(read_listing(str(SAMPLES / "drawings"))), 10, 10)
    assert notes == []
    assert (examples.groupby(TASK)["split"].nunique() == 3).all()


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
    assert list(listing.columns.tasks) == ["kind", "colours"]
    assert listing.columns.several == {"colours"}
    assert [path.split("/")[0] for path in listing.paths] == listing.labels


def test_the_table_of_several_labels_says_what_is_in_the_scenes(generator):
    listing = read_table(str(SAMPLES / "scenes.csv"), str(SAMPLES / "scenes"))
    assert examples_table(listing)["size"].sum() < 150_000
    assert (list(listing.columns.tasks), listing.class_names) == (["things"], tuple(generator.THINGS))
    assert listing.labels[:3] == ["|".join(generator.scene(index)[1]) for index in range(1, 4)]
    assert "" in listing.labels
    assert all(18 < sum(name in label for label in listing.labels) < 42 for name in listing.class_names)
