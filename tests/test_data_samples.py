"""The pictures that README trains on first: small, complete, and what their generator draws."""

import importlib.util
import pathlib

import numpy as np
from PIL import Image

from retrain.data.examples import TASK, examples_table
from retrain.data.listing import read_listing
from retrain.data.split import assign_splits
from retrain.data.table import read as read_table

SAMPLES = pathlib.Path(__file__).parent.parent / "data_samples"


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


def test_the_generator_draws_them_again(tmp_path):
    spec = importlib.util.spec_from_file_location("make_samples", SAMPLES / "make_samples.py")
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    generator.make_samples(tmp_path)
    for path in read_listing(str(SAMPLES / "drawings")).paths:
        with Image.open(SAMPLES / "drawings" / path) as kept, Image.open(tmp_path / path) as drawn:
            difference = np.asarray(kept, np.float32) - np.asarray(drawn, np.float32)
        # Releases of Pillow may round an edge or a JPEG coefficient differently.
        assert np.abs(difference).mean() < 1.0


def test_the_table_of_two_tasks_is_of_these_pictures():
    listing = read_table(str(SAMPLES / "drawings.csv"), str(SAMPLES / "drawings"))
    assert listing.paths == sorted(read_listing(str(SAMPLES / "drawings")).paths)
    assert list(listing.columns.tasks) == ["kind", "colours"]
    assert listing.columns.several == {"colours"}
    assert [path.split("/")[0] for path in listing.paths] == listing.labels
