"""Small pictures that stand inside a page, as data URIs."""

import base64
import functools
import io
import os

import tensorflow as tf
from PIL import Image, ImageOps

from retrain.data.images import decode_image
from retrain.examples.labelled import LabelledExamples

SIDE, QUALITY = 144, 72  # pixels of the longer side; of JPEG, about 5 kB each
BLANK = Image.new("RGB", (SIDE, SIDE), "#cccccc")  # of an image that is gone since it was read


class Thumbnails:
    """Of images of these examples, upright, each made once."""

    def __init__(self, examples: LabelledExamples):
        self._root, self._background = os.path.abspath(examples.image_dir), examples.background
        self.of = functools.cache(self._made)

    def _made(self, path: str) -> str:
        """The image at this path as a data URI."""
        try:
            picture = self._small(os.path.join(self._root, path))
        except (OSError, tf.errors.OpError):
            picture = BLANK
        return data_uri(picture)

    def _small(self, file: str) -> Image.Image:
        """JPEG is decoded at the size that is shown: of a photo of 12 megapixels ten times as fast."""
        with Image.open(file) as image:
            if image.format == "JPEG" and image.mode != "CMYK":
                image.draft("RGB", (2 * SIDE, 2 * SIDE))
                return ImageOps.exif_transpose(image).convert("RGB")
        return Image.fromarray(decode_image(tf.io.read_file(file), self._background).numpy())


def data_uri(picture: Image.Image, side: int = SIDE) -> str:
    """The picture, no larger than `side`, as the URI of a JPEG."""
    shown, jpeg = picture.copy(), io.BytesIO()
    shown.thumbnail((side, side))
    shown.convert("RGB").save(jpeg, "JPEG", quality=QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(jpeg.getvalue()).decode()
