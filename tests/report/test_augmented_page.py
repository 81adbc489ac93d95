import dataclasses
from dataclasses import replace

import numpy as np
from PIL import Image

from retrain.data.augmentation.levels import LEVELS, NONE
from retrain.report.augmented_page import BORDER, GAP, ROWS, SIDE, VARIANTS, write_augmented_page
from retrain.settings.augmentation import AugmentationSettings
from tests.examples.worlds import made_up

FIRST_VARIANT = SIDE + GAP + BORDER


def page(tmp_path, count: int, augmentation: AugmentationSettings, seed: int = 0) -> np.ndarray:
    """The page of images whose left half is red and whose right half is blue."""
    names = [f"{index}.png" for index in range(count)]
    halves = np.repeat([[(255, 0, 0), (0, 0, 255)]], 20, axis=0).repeat(10, axis=1).astype(np.uint8)
    for name in names:
        Image.fromarray(halves).save(tmp_path / name)
    examples = dataclasses.replace(
        made_up([*names, "1", "2"], label=["a"] * count + ["a", "b"]).rows(slice(count)),
        image_dir=str(tmp_path),
    )
    write_augmented_page(str(tmp_path / "page.png"), examples, (16, 16), augmentation, seed)
    with Image.open(tmp_path / "page.png") as image:
        return np.asarray(image)


def test_an_image_as_it_is_and_then_its_variants(tmp_path):
    shown = page(tmp_path, 3, replace(NONE, flip_left_right=True))
    assert shown.shape == (3 * (SIDE + BORDER) + BORDER, SIDE + GAP + VARIANTS * (SIDE + BORDER) + BORDER, 3)
    rows = [BORDER + SIDE // 2 + row * (SIDE + BORDER) for row in range(3)]
    lefts = [BORDER + 8, *(FIRST_VARIANT + 8 + column * (SIDE + BORDER) for column in range(VARIANTS))]
    colours = {row: [tuple(shown[row, left]) for left in lefts] for row in rows}
    assert {variants[0] for variants in colours.values()} == {(255, 0, 0)}
    assert {colour for variants in colours.values() for colour in variants[1:]} == {(255, 0, 0), (0, 0, 255)}


def test_a_page_holds_a_few_of_many_images(tmp_path):
    assert len(page(tmp_path, 2 * ROWS + 1, LEVELS["medium"])) == ROWS * (SIDE + BORDER) + BORDER


def test_every_seed_has_a_page_of_its_own(tmp_path):
    first, again, other = (page(tmp_path, 2, LEVELS["strong"], seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
