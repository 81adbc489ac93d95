"""One picture of a run: images that it was not trained on, each with what was predicted, mistakes first."""

import io
import os
from typing import NamedTuple

import pandas as pd
import tensorflow as tf
from PIL import Image, ImageDraw, ImageOps

from retrain.data.images import decode_image
from retrain.files import write_bytes
from retrain.image_files import contents
from retrain.report.caption_fonts import caption_width, draw_caption
from retrain.report.outcome import Outcome
from retrain.report.predictions_table import task_columns
from retrain.settings.data import Decoding

COLUMNS, ROWS = 6, 4
SIDE, BORDER, CAPTION, TITLE = 160, 4, 70, 24  # pixels
RIGHT, WRONG, TEXT, QUIET, BLANK = "#2e7d32", "#c62828", "#222222", "#777777", "#cccccc"


class _Example(NamedTuple):
    path: str
    label: str
    predicted: str
    probability: float
    right: bool


def write(outcome: Outcome, path: str) -> None:
    """Draws up to 24 images that have a label of the primary task, and writes a PNG file.

    They are of the test split, or of validation where there is no test; first the mistakes, the most
    confident ahead, then what was predicted rightly, the least confident ahead.
    """
    split, shown = _most_telling(_predictions(outcome))
    examples = outcome.examples
    rows = max(1, -(-len(shown) // COLUMNS))
    size = (COLUMNS * (SIDE + BORDER) + BORDER, TITLE + rows * (SIDE + CAPTION) + BORDER)
    page = Image.new("RGB", size, "white")
    draw_caption(ImageDraw.Draw(page), (BORDER, BORDER), _title(outcome, split), TEXT)
    for position, example in enumerate(map(_Example._make, shown.itertuples(index=False, name=None))):
        row, column = divmod(position, COLUMNS)
        corner = (BORDER + column * (SIDE + BORDER), TITLE + BORDER + row * (SIDE + CAPTION))
        picture = _picture(os.path.join(examples.image_dir, example.path), examples.decoding)
        page.paste(_tile(picture, example), corner)
    png = io.BytesIO()
    page.save(png, "PNG")
    write_bytes(path, png.getvalue())


def _predictions(outcome: Outcome) -> pd.DataFrame:
    """Columns path, label, predicted, probability, right and split, of the examples that have a label."""
    task, examples = outcome.primary_task, outcome.examples
    known = examples.tasks[task].known
    right = outcome.heads[task].right(examples.tasks[task].labels, outcome.probabilities[task])
    columns = task_columns(outcome, task)
    table = {"path": examples.paths, "label": columns.pop(task), **columns}
    return pd.DataFrame({**table, "right": right, "split": examples.splits})[known]


def _title(outcome: Outcome, split: str) -> str:
    of_task = f", {outcome.primary_task}" if len(outcome.heads) > 1 else ""
    return f"Images of the {split} split{of_task}: mistakes first, then what was least certain"


def _most_telling(predictions: pd.DataFrame) -> tuple[str, pd.DataFrame]:
    """The split that is shown, and its images in order."""
    split = "test" if (predictions["split"] == "test").any() else "validation"
    held_out = predictions[predictions["split"] == split]
    mistakes = held_out[~held_out["right"]].sort_values("probability", ascending=False)
    shown = pd.concat([mistakes, held_out[held_out["right"]].sort_values("probability")])
    return split, shown[["path", "label", "predicted", "probability", "right"]][: COLUMNS * ROWS]


def _tile(picture: Image.Image, example: _Example) -> Image.Image:
    """The image in a frame that says whether it was predicted rightly, and below what was predicted."""
    colour = RIGHT if example.right else WRONG
    tile = Image.new("RGB", (SIDE, SIDE + CAPTION - BORDER), "white")
    picture = ImageOps.fit(picture, (SIDE, SIDE))
    tile.paste(ImageOps.expand(ImageOps.crop(picture, BORDER), BORDER, colour))
    draw = ImageDraw.Draw(tile)
    prediction = _fitting(example.predicted, f" {example.probability:.0%}")
    draw_caption(draw, (2, SIDE + 1), prediction, colour)
    if not example.right:
        draw_caption(draw, (2, SIDE + 17), _fitting(f"labelled {example.label}"), TEXT)
    for line, text in enumerate(_two_lines(os.path.basename(example.path))):
        draw_caption(draw, (2, SIDE + 33 + 15 * line), text, QUIET)
    return tile


def _picture(path: str, decoding: Decoding) -> Image.Image:
    """What the module saw."""
    try:
        return Image.fromarray(decode_image(tf.constant(contents(path)), decoding).numpy())
    except (OSError, tf.errors.OpError):  # gone since it was read
        return Image.new("RGB", (SIDE, SIDE), BLANK)


def _two_lines(name: str) -> tuple[str, str]:
    """A file's name on two lines; of a longer one its beginning and its end, where numbers stand."""
    first = _fitting(name)
    rest = name[len(first) :]
    if _fitting(rest) != rest:
        rest = _fitting(rest[::-1], "…")[::-1]
    return first, rest


def _fitting(text: str, end: str = "") -> str:
    """The text, or as much of it as is no wider than a tile, with the end behind it."""
    while text and caption_width(text + end) > SIDE - 4:
        text = text[:-1]
    return text + end
