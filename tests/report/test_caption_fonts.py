import pathlib

import matplotlib
import numpy as np
import pytest
from absl import logging
from PIL import Image, ImageDraw

from retrain.report import caption_fonts
from retrain.report.caption_fonts import caption_width, draw_caption

FONTS = pathlib.Path(matplotlib.get_data_path()) / "fonts" / "ttf"
OTHER = str(FONTS / "LastResortHE-Regular.ttf")  # has a sign for every letter there is


@pytest.fixture
def install(monkeypatch):
    """Which fonts are installed."""

    def install(*paths: str) -> list[str]:
        monkeypatch.setattr(caption_fonts, "_installed", lambda: list(paths))
        told: list[str] = []
        monkeypatch.setattr(
            logging, "log_first_n", lambda level, text, count, *values: told.append(text % values)
        )
        caption_fonts._font_of.cache_clear()
        return told

    yield install
    caption_fonts._font_of.cache_clear()


def drawn(text: str) -> np.ndarray:
    image = Image.new("L", (200, 20), 255)
    draw_caption(ImageDraw.Draw(image), (0, 0), text, "black")
    return np.asarray(image)


def families(text: str) -> list[tuple[str, str]]:
    return [(piece, font.getname()[0]) for piece, font in caption_fonts._pieces(text)]


def test_letters_that_the_usual_font_lacks_are_taken_from_another(install):
    told = install(str(FONTS / "gone.ttf"), OTHER)
    other = "Last Resort High-Efficiency"
    assert families("a 猫 b") == [("a ", "DejaVu Sans"), ("猫 ", other), ("b", "DejaVu Sans")]
    assert told == []


def test_without_such_a_font_a_box_is_shown_and_told(install):
    told = install()
    assert families("a猫") == [("a猫", "DejaVu Sans")]
    assert told == [
        "predictions.png has boxes for what no installed font has, such as '猫'; report.html shows it."
    ]


@pytest.mark.parametrize("text", ["plain", "قطة", "слон", "é"])
def test_many_scripts_need_no_other(install, text):
    assert install() == []
    assert [family for _, family in families(text)] == ["DejaVu Sans"]


def test_pieces_stand_side_by_side(install):
    install(OTHER)
    assert caption_width("ab猫") == caption_width("ab") + caption_width("猫")
    columns = np.flatnonzero((drawn("ab猫") < 255).any(axis=0))
    assert caption_width("ab") < columns.max() <= caption_width("ab猫")
    assert (
        drawn("ab猫")[:, : int(caption_width("ab")) - 1] == drawn("ab")[:, : int(caption_width("ab")) - 1]
    ).all()


def test_fonts_of_other_styles_are_not_taken(monkeypatch):
    paths = ["/f/Zen-Bold.ttf", "/f/Serif.ttf", "/f/NotoSansMono.ttf", "/f/NotoSans-Regular.ttf"]
    monkeypatch.setattr(caption_fonts, "findSystemFonts", lambda: paths)
    caption_fonts._installed.cache_clear()
    assert caption_fonts._installed() == ["/f/NotoSans-Regular.ttf", "/f/NotoSansMono.ttf", "/f/Serif.ttf"]
    caption_fonts._installed.cache_clear()


def test_a_name_is_one_line_whatever_is_in_it(install):
    install()
    assert caption_width("a\nb\tc\x1b") == caption_width("a b c\\x1b")
