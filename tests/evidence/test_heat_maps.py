import base64
import dataclasses
import io

import numpy as np
import pytest
from PIL import Image

from retrain.evidence.heat_maps import HOT, Evidence, heated, scale
from retrain.report.galleries import task_galleries
from retrain.report.outcome import figures_by_split
from retrain.report.thumbnails import Thumbnails
from tests.examples.worlds import made_up
from tests.report.outcomes import predicted

NAMES = {"kind": ["grey", "red"]}
GREY = Image.new("RGB", (64, 48), (100, 100, 100))


def test_a_picture_is_red_where_the_evidence_is_and_else_grey():
    cells = np.full((8, 8), -1.0)
    cells[:2, 6:] = 2.0
    pixels = np.asarray(heated(Image.new("RGB", (64, 48), (200, 50, 50)), cells), int)
    grey = int(0.299 * 200 + 0.701 * 50)
    assert pixels.shape == (48, 64, 3)
    assert np.abs(pixels[2, 61] - (0.35 * grey + 0.65 * np.asarray(HOT))).max() <= 1
    assert np.abs(pixels[40, 5] - grey).max() <= 1


def test_without_any_evidence_nothing_is_coloured():
    for cells in (np.zeros((8, 8)), np.full((8, 8), -1.0)):
        assert (np.asarray(heated(GREY, cells)) == 100).all()


def test_little_evidence_is_not_made_to_look_like_much():
    assert np.abs(np.asarray(heated(GREY, np.full((8, 8), 0.1)), int) - 100).max() < 12


def test_the_scale_has_the_colours_of_a_map():
    pixels = np.asarray(scale(101, 2), int)
    assert pixels.shape == (2, 101, 3)
    middle = np.asarray(heated(Image.new("RGB", (8, 8), (128, 128, 128)), np.full((8, 8), 0.5)), int)
    assert np.abs(pixels[:, 50] - middle[4, 4]).max() <= 1
    assert (pixels[0, 0] == 128).all()


@pytest.fixture
def examples(tmp_path):
    """Grey photos with a red patch in the lower right corner, or none; one is gone."""
    for name, patch in (("red.png", (255, 0, 0)), ("grey.png", (128, 128, 128))):
        image = Image.new("RGB", (64, 48), (128, 128, 128))
        image.paste(patch, (48, 36, 64, 48))
        image.save(tmp_path / name)
    found = made_up(["red.png", "grey.png", "gone.png"], kind=["red", "grey", "grey"])
    return dataclasses.replace(found.with_splits(["test"] * 3), image_dir=str(tmp_path))


def of_red(images: np.ndarray) -> dict[str, np.ndarray]:
    """Red is what has more red than green, by the mean."""
    share = np.clip(0.2 + 20 * (images[..., 0] - images[..., 1]).mean(axis=(1, 2)), 0.0, 1.0)
    return {"kind": np.stack([1 - share, share], axis=1)}


def test_the_map_of_a_photo_has_its_maximum_at_the_patch(examples):
    name, found = Evidence(examples, (32, 32), of_red, NAMES).of("kind", "red.png")
    assert name == "red"
    assert found[7, 7] == found.max() > 1.0
    assert found[0, 0] < 0.1


def size_of(uri: str) -> tuple[int, int]:
    return Image.open(io.BytesIO(base64.b64decode(uri.removeprefix("data:image/jpeg;base64,")))).size


def test_galleries_show_it_where_it_is_asked_for_and_tell_how_far_they_are(examples, monkeypatch):
    passes = []

    def told(paths, *about):
        passes.append((list(paths), *about))
        return iter(paths)

    monkeypatch.setattr("retrain.report.galleries.progress", told)
    chances = [[0.4, 0.6], [0.45, 0.55], [0.6, 0.4]]
    outcome = predicted(examples, chances)
    figures = figures_by_split(examples, outcome.heads, outcome.probabilities, ["test"])
    outcome = outcome._replace(figures=figures, evidence=Evidence(examples, (32, 32), of_red, NAMES))
    thumbnails = Thumbnails(examples, outcome.evidence)
    galleries = task_galleries(outcome, "kind", "test", thumbnails)
    tiles = {tile.path: tile for gallery in galleries for row in gallery.rows for tile in row}
    assert tiles["red.png"].evidence.fall == "odds of red fall more than 1000-fold"
    assert sorted(passes[0][0]) == sorted(tiles)
    assert passes[0][1:] == (len(tiles), "heat maps", "images")
    assert size_of(tiles["red.png"].evidence.picture) == (272, 204)
    assert tiles["gone.png"].evidence is None
    assert all("Red is what the prediction goes by" in gallery.note for gallery in galleries)
    assert {size_of(gallery.scale) for gallery in galleries} == {(180, 14)}
    without = task_galleries(outcome._replace(evidence=None), "kind", "test", Thumbnails(examples))
    assert len(passes) == 1
    assert {tile.evidence for gallery in without for row in gallery.rows for tile in row} == {None}
    assert not any(gallery.scale or "Red" in gallery.note for gallery in without)
