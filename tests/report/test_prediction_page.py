import numpy as np
import pandas as pd
import pytest
from PIL import Image

from retrain.report import prediction_page
from retrain.report.prediction_page import BORDER, CAPTION, COLUMNS, SIDE, write_prediction_page

RIGHT, WRONG, BLANK = (46, 125, 50), (198, 40, 40), (204, 204, 204)


def table(*rows: tuple[str, str, str, float, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["path", "label", "predicted", "probability", "split"])


@pytest.fixture
def folder(tmp_path):
    for name, colour in {"cyan": (0, 255, 255), "black": (0, 0, 0)}.items():
        Image.new("RGB", (30, 20), colour).save(tmp_path / f"{name}.png")
    return tmp_path


def opened(folder) -> Image.Image:
    with Image.open(folder / "page.png") as page:
        return page.copy()


def tiles(folder, predictions: pd.DataFrame) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """The colours of frame and image of each tile in the first row."""
    write_prediction_page(str(folder / "page.png"), predictions, str(folder))
    page = np.asarray(opened(folder))
    lefts = [BORDER + column * (SIDE + BORDER) for column in range(min(COLUMNS, len(predictions)))]
    return [
        (tuple(page[BORDER, left + SIDE // 2]), tuple(page[BORDER + SIDE // 2, left + SIDE // 2]))
        for left in lefts
    ]


def test_mistakes_come_first_and_are_framed_otherwise(folder):
    predictions = table(
        ("cyan.png", "a", "a", 0.9, "test"),
        ("black.png", "a", "b", 0.6, "test"),
        ("cyan.png", "a", "b", 0.8, "test"),
    )
    assert tiles(folder, predictions) == [(WRONG, (0, 255, 255)), (WRONG, (0, 0, 0)), (RIGHT, (0, 255, 255))]


def test_images_that_were_trained_on_are_not_shown(folder):
    rows = [("cyan.png", "a", "a", 0.9, "train"), ("black.png", "a", "a", 0.6, "validation")]
    assert tiles(folder, table(*rows))[0] == (RIGHT, (0, 0, 0))
    assert tiles(folder, table(*rows, ("cyan.png", "a", "a", 0.6, "test")))[0] == (RIGHT, (0, 255, 255))


def test_a_page_holds_24_images(folder):
    many = table(*[("cyan.png", "a", "a", 0.5, "test")] * 40)
    write_prediction_page(str(folder / "page.png"), many, str(folder))
    assert opened(folder).size == (
        6 * (SIDE + BORDER) + BORDER,
        4 * (SIDE + CAPTION) + BORDER,
    )


def test_without_held_out_images_there_is_an_empty_page(folder):
    write_prediction_page(str(folder / "page.png"), table(("cyan.png", "a", "a", 0.9, "train")), str(folder))
    assert opened(folder).getextrema() == ((255, 255),) * 3


def test_an_image_that_pillow_cannot_read_is_left_blank(folder):
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    predictions = table(("broken.jpg", "a", "a", 0.9, "test"), ("gone.jpg", "a", "b", 0.9, "test"))
    assert tiles(folder, predictions) == [(WRONG, BLANK), (RIGHT, BLANK)]


def test_names_of_any_length_and_script(folder):
    name = "玫瑰 " * 40
    write_prediction_page(
        str(folder / "page.png"), table(("cyan.png", name, name + "x", 0.9, "test")), str(folder)
    )
    font = prediction_page.ImageFont.load_default(13)
    assert font.getlength(prediction_page._fitting(name, font)) <= SIDE
