"""Captions in any script: in DejaVu Sans, and what it has no letters for in a font that is installed.

Pillow's own font has no letters beyond ASCII, and it takes one font for a text; coloured emoji are left out.
"""

import functools
import importlib.util
import os
import re
from collections.abc import Iterator

from absl import logging
from matplotlib.font_manager import findSystemFonts
from matplotlib.ft2font import FT2Font
from PIL import ImageDraw, ImageFont

from retrain.printable import printable

SIZE = 12
OTHER_STYLES = re.compile("Bold|Italic|Oblique|Light|Thin|Black|Medium|Condensed")


def draw_caption(draw: ImageDraw.ImageDraw, corner: tuple[int, int], text: str, colour: str) -> None:
    """Writes the text, its upper left corner there."""
    left, top = corner
    for piece, font in _pieces(text):
        # On one base line, whatever the heights of the fonts.
        draw.text((left, top + SIZE), piece, colour, font, anchor="ls")
        left += font.getlength(piece)


def caption_width(text: str) -> float:
    """In pixels."""
    return sum(font.getlength(piece) for piece, font in _pieces(text))


def _pieces(text: str) -> list[tuple[str, ImageFont.FreeTypeFont]]:
    """The text in pieces of one font each."""
    pieces: list[tuple[str, ImageFont.FreeTypeFont]] = []
    for letter in printable(text).replace("\n", " ").replace("\t", " "):
        # A blank, or a mark that changes the letter before it, stays with that.
        stays = pieces and (letter.isspace() or not letter.isprintable())
        font = pieces[-1][1] if stays else _font_of(letter)
        if pieces and pieces[-1][1] is font:
            pieces[-1] = pieces[-1][0] + letter, font
        else:
            pieces.append((letter, font))
    return pieces


@functools.cache
def _font_of(letter: str) -> ImageFont.FreeTypeFont:
    """The first that has the letter; the usual one, which shows a box, where none has."""
    for path in _paths():
        font = _loaded(path)
        if font is not None and ord(letter) in _letters(path):
            return font
    sentence = "predictions.png has boxes for what no installed font has, such as %r; report.html shows it."
    logging.log_first_n(logging.WARNING, sentence, 1, letter)
    return _loaded(_usual())


def _paths() -> Iterator[str]:
    """The usual font, then those that are installed, upright and of usual weight, without serifs first."""
    yield _usual()
    yield from _installed()


@functools.cache
def _installed() -> list[str]:
    paths = [path for path in findSystemFonts() if not OTHER_STYLES.search(os.path.basename(path))]
    return sorted(paths, key=lambda path: ("Sans" not in path, "Mono" in path, path))


def _usual() -> str:
    """DejaVu Sans comes with matplotlib."""
    package = importlib.util.find_spec("matplotlib").submodule_search_locations[0]
    return os.path.join(package, "mpl-data", "fonts", "ttf", "DejaVuSans.ttf")


@functools.cache
def _loaded(path: str) -> ImageFont.FreeTypeFont | None:
    """None of one that has pictures of another size, as of coloured emoji, or that is gone."""
    try:
        return ImageFont.truetype(path, SIZE)
    except OSError:
        return None


@functools.cache
def _letters(path: str) -> frozenset[int]:
    return frozenset(FT2Font(path).get_charmap())
