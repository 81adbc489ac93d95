"""Small pictures that stand inside a page, as data URIs."""

import base64
import functools
import io
import math
import os
from typing import NamedTuple

import tensorflow as tf
from PIL import Image, ImageOps

from retrain.addresses import absolute
from retrain.data.images import decode_image
from retrain.evidence.heat_maps import Evidence, heated
from retrain.examples.labelled import LabelledExamples
from retrain.image_claims import refusal
from retrain.image_files import contents
from retrain.image_formats import JPEG, PNG

SIDE, QUALITY = 144, 72  # pixels of the longer side; of JPEG, about 5 kB each
HEATED_SIDE = 272  # of a heat map, on which places are to be told apart
GONE = (OSError, SyntaxError, ValueError, tf.errors.OpError)  # Pillow's, and TensorFlow's
BLANK = Image.new("RGB", (SIDE, SIDE), "#cccccc")  # of an image that is gone since it was read


class HeatMap(NamedTuple):
    """The URI of a picture; and in words how far the odds of which class fall where evidence is strongest."""

    picture: str
    fall: str


class Thumbnails:
    """Of images of these examples, upright, each made once; with `evidence` heat maps, too."""

    def __init__(self, examples: LabelledExamples, evidence: Evidence | None = None):
        self._root, self._decoding = absolute(examples.image_dir), examples.decoding
        self._evidence = evidence
        self.of = functools.cache(self._made)

    def _made(self, path: str) -> str:
        """The image at this path as a data URI."""
        try:
            return data_uri(self._small(os.path.join(self._root, path)))
        except GONE:
            return data_uri(BLANK)

    def evidence(self, task: str, path: str) -> HeatMap | None:
        """The same with the evidence for what is predicted; None where none is to be shown."""
        if self._evidence is None:
            return None
        try:
            picture = self._small(os.path.join(self._root, path), HEATED_SIDE)
            picture = ImageOps.contain(picture, (HEATED_SIDE, HEATED_SIDE))
            name, cells = self._evidence.of(task, path)
        except GONE:
            return None
        return HeatMap(data_uri(heated(picture, cells), HEATED_SIDE), fall_in_words(name, cells.max()))

    def _small(self, file: str, side: int = SIDE) -> Image.Image:
        """JPEG is decoded at the size that is shown: of a photo of 12 megapixels ten times as fast."""
        content = contents(file)
        if content.startswith((JPEG, PNG)) and not refusal(content, self._decoding.max_megapixels):
            with Image.open(io.BytesIO(content)) as image:
                if _is_plain(image):
                    image.draft("RGB", (2 * side, 2 * side))
                    return ImageOps.exif_transpose(image).convert("RGB")
        return Image.fromarray(decode_image(tf.constant(content), self._decoding).numpy())


def fall_in_words(name: str, log_odds: float) -> str:
    """Of the odds of a class, by what factor."""
    if log_odds > math.log(1000):
        return f"odds of {name} fall more than 1000-fold"
    factor = math.exp(max(log_odds, 0.0))
    return f"odds of {name} fall {factor:.{0 if factor >= 10 else 1}f}-fold"


def _is_plain(image: Image.Image) -> bool:
    """Whether Pillow shows it as TensorFlow does, whose operations one by one take ten times as long."""
    return image.mode in ("RGB", "L") and not image.has_transparency_data and ";16" not in repr(image.tile)


def data_uri(picture: Image.Image, side: int = SIDE) -> str:
    """The picture, no larger than `side`, as the URI of a JPEG."""
    shown, jpeg = picture.copy(), io.BytesIO()
    shown.thumbnail((side, side))
    shown.convert("RGB").save(jpeg, "JPEG", quality=QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(jpeg.getvalue()).decode()
