"""One picture of a run: images that it was not trained on, each with what was predicted, mistakes first."""

import functools
import importlib.util
import io
import os
from typing import NamedTuple

import pandas as pd
from PIL import Image, ImageDraw, ImageFont, ImageOps

from retrain.examples.table import TASK
from retrain.files import write_bytes

COLUMNS, ROWS = 6, 4
SIDE, BORDER, CAPTION = 160, 4, 40  # pixels
RIGHT, WRONG, TEXT, BLANK = "#2e7d32", "#c62828", "#222222", "#cccccc"


class _Example(NamedTuple):
    path: str
    label: str
    predicted: str
    probability: float


def write_prediction_page(path: str, predictions: pd.DataFrame, image_dir: str) -> None:
    """Draws up to 24 rows of a run's predictions table, and writes a PNG file.

    The images are those of the test split, or of validation where there is no test; first the mistakes, the
    most confident ahead, then what was predicted rightly, the least confident ahead.
    """
    shown = _most_telling(predictions)[["path", TASK, "predicted", "probability"]]
    rows = max(1, -(-len(shown) // COLUMNS))
    page = Image.new("RGB", (COLUMNS * (SIDE + BORDER) + BORDER, rows * (SIDE + CAPTION) + BORDER), "white")
    for position, example in enumerate(map(_Example._make, shown.itertuples(index=False, name=None))):
        row, column = divmod(position, COLUMNS)
        corner = (BORDER + column * (SIDE + BORDER), BORDER + row * (SIDE + CAPTION))
        page.paste(_tile(image_dir, example), corner)
    png = io.BytesIO()
    page.save(png, "PNG", optimize=True)
    write_bytes(path, png.getvalue())


def _most_telling(predictions: pd.DataFrame) -> pd.DataFrame:
    split = "test" if (predictions["split"] == "test").any() else "validation"
    held_out = predictions[predictions["split"] == split]
    wrong = held_out["predicted"] != held_out[TASK]
    mistakes = held_out[wrong].sort_values("probability", ascending=False)
    return pd.concat([mistakes, held_out[~wrong].sort_values("probability")])[: COLUMNS * ROWS]


def _tile(image_dir: str, example: _Example) -> Image.Image:
    """The image in a frame that says whether it was predicted rightly, and below what was predicted."""
    right = example.predicted == example.label
    colour = RIGHT if right else WRONG
    tile = Image.new("RGB", (SIDE, SIDE + CAPTION - BORDER), "white")
    picture = ImageOps.fit(_picture(os.path.join(image_dir, example.path)), (SIDE, SIDE))
    tile.paste(ImageOps.expand(ImageOps.crop(picture, BORDER), BORDER, colour))
    draw, font = ImageDraw.Draw(tile), _font()
    prediction = _fitting(f"{example.predicted} {example.probability:.0%}", font)
    draw.text((2, SIDE + 1), prediction, colour, font)
    if not right:
        draw.text((2, SIDE + 17), _fitting(f"is {example.label}", font), TEXT, font)
    return tile


def _picture(path: str) -> Image.Image:
    try:
        with Image.open(path) as image:
            return ImageOps.exif_transpose(image).convert("RGB")
    except Exception:  # Pillow may refuse what TensorFlow reads; a thumbnail is not worth a run
        return Image.new("RGB", (SIDE, SIDE), BLANK)


@functools.cache
def _font() -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which comes with matplotlib: Pillow's own font has no letters beyond ASCII."""
    package = importlib.util.find_spec("matplotlib").submodule_search_locations[0]
    return ImageFont.truetype(os.path.join(package, "mpl-data", "fonts", "ttf", "DejaVuSans.ttf"), 12)


def _fitting(text: str, font: ImageFont.FreeTypeFont) -> str:
    """The text, or as much of it as is no wider than a tile."""
    while text and font.getlength(text) > SIDE - 4:
        text = text[:-1]
    return text
