"""Pictures of blobs, which are as different as photos; the measurement on photos is tests/benchmarks."""

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from retrain.examples.alignment import is_same_photo
from retrain.examples.near_duplicates import near_duplicates

SIDE = 192


def picture(seed: int) -> Image.Image:
    random = np.random.default_rng(seed)
    image = Image.new("RGB", (SIDE, SIDE), tuple(random.integers(256, size=3).tolist()))
    draw = ImageDraw.Draw(image)
    for _ in range(25):
        x, y, width, height = random.integers([0, 0, 8, 8], [SIDE, SIDE, 90, 90]).tolist()
        colour = tuple(random.integers(256, size=3).tolist())
        draw.ellipse((x - width, y - height, x + width, y + height), fill=colour)
    return image


def thumbnail(image: Image.Image) -> np.ndarray:
    return np.asarray(image.resize((32, 32), Image.Resampling.BOX))


def copy(image: Image.Image, seed: int) -> Image.Image:
    """Smaller, and cut by up to 4 % at each side."""
    left, top, right, bottom = np.random.default_rng(seed).uniform(0, 0.04, 4) * SIDE
    return image.crop((round(left), round(top), round(SIDE - right), round(SIDE - bottom))).resize((110, 120))


@pytest.fixture(scope="module")
def pictures() -> list[Image.Image]:
    return [picture(seed) for seed in range(60)]


def test_copies_are_found_and_nothing_else(pictures):
    copies = [copy(pictures[row], row) for row in range(20)]
    found = near_duplicates(np.stack([thumbnail(image) for image in [*pictures, *copies]]))
    assert found == [[row, 60 + row] for row in range(20)]


def test_all_copies_of_a_picture_are_one_set(pictures):
    copies = [pictures[3], *(copy(pictures[3], seed) for seed in range(3)), pictures[4]]
    assert near_duplicates(np.stack([thumbnail(image) for image in copies])) == [[0, 1, 2, 3]]


def test_a_mirrored_or_recoloured_picture_is_another(pictures):
    one = np.asarray(pictures[0])
    others = [one, one[:, ::-1], 255 - one, one[..., ::-1]]
    assert near_duplicates(np.stack([thumbnail(Image.fromarray(other)) for other in others])) == []


def test_the_same_drawing_with_another_detail_is_another(pictures):
    changed = pictures[0].copy()
    ImageDraw.Draw(changed).rectangle((40, 40, 110, 110), fill="white", outline="black", width=9)
    assert near_duplicates(np.stack([thumbnail(pictures[0]), thumbnail(changed)])) == []


@pytest.mark.parametrize("colour", [(200, 200, 200), (0, 255, 255)])
def test_pictures_with_nothing_on_them_are_not_compared(colour):
    blank = np.full([5000, 32, 32, 3], colour, np.uint8)
    blank[:, 0, 0, 0] += (np.arange(5000) % 9).astype(np.uint8)
    assert near_duplicates(blank) == []


def test_thousands_that_are_the_same_are_one_set(pictures):
    same = np.repeat(thumbnail(pictures[0])[None], 3000, axis=0)
    assert near_duplicates(same) == [list(range(3000))]


def test_hundreds_that_are_nearly_the_same_are_one_set(pictures):
    noise = np.random.default_rng(0).integers(-2, 3, [300, 32, 32, 3])
    same = np.clip(thumbnail(pictures[0]) + noise, 0, 255).astype(np.uint8)
    assert near_duplicates(same) == [list(range(300))]


@pytest.mark.parametrize("seed", range(3))
def test_the_sets_are_those_of_all_pairs(pictures, seed):
    random = np.random.default_rng(seed)
    copied = [
        copy(pictures[row], 100 * seed + number) for number, row in enumerate(random.integers(60, size=40))
    ]
    thumbnails = np.stack([thumbnail(image) for image in [*pictures, *copied]])
    thumbnails = thumbnails[random.permutation(len(thumbnails))]
    ones, others = np.triu_indices(len(thumbnails), 1)
    same = np.flatnonzero(is_same_photo(thumbnails[ones], thumbnails[others]))
    graph = coo_array((np.ones(len(same)), (ones[same], others[same])), shape=[len(thumbnails)] * 2)
    set_of = connected_components(graph, directed=False)[1]
    sets = [np.flatnonzero(set_of == number).tolist() for number in range(set_of.max() + 1)]
    assert near_duplicates(thumbnails) == sorted(members for members in sets if len(members) > 1)


def test_a_long_search_tells_how_far_it_is(pictures, monkeypatch):
    told = []

    def progress(items, total, description, unit, size):
        told.append((description, unit, total, sum(map(size, items := list(items)))))
        return iter(items)

    monkeypatch.setattr("retrain.examples.near_duplicates.progress", progress)
    near_duplicates(np.stack([thumbnail(image) for image in [*pictures, copy(pictures[0], 0)]]))
    assert told[0] == ("look-alikes", "images", 61, 61)
    assert told[1][:2] == ("near duplicates", "pairs")
    assert told[1][2] == told[1][3]


@pytest.mark.parametrize("count", [0, 1])
def test_there_is_nothing_to_compare(pictures, count):
    assert near_duplicates(np.stack([thumbnail(pictures[0])])[:count]) == []
