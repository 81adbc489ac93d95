"""A page of a run: training images as they are, at the left, and as training sees them."""

import io

import numpy as np
import tensorflow as tf
from PIL import Image

from retrain.data.augmentation.augment import augmented_inputs, decoded_size
from retrain.data.augmentation.draws import Draw
from retrain.data.images import IMAGES, load_image, rounded
from retrain.examples.labelled import LabelledExamples
from retrain.files import write_bytes
from retrain.settings.augmentation import AugmentationSettings

AUGMENTED_PAGE = "augmented.png"
ROWS, VARIANTS = 8, 7
SIDE, BORDER, GAP = 128, 4, 16  # pixels; the gap is between an image and its variants


def write_augmented_page(
    path: str,
    examples: LabelledExamples,
    image_size: tuple[int, int],
    augmentation: AugmentationSettings,
    seed: int,
) -> None:
    """Draws up to 8 of these images, a row each, with what 7 steps of training make of them; a PNG file."""
    chosen, decoding = examples.files[:: max(1, len(examples) // ROWS)][:ROWS], examples.decoding
    columns = [tf.stack([load_image(tf.constant(image), image_size, decoding) for image in chosen])]
    size = decoded_size(image_size, augmentation)
    decoded = tf.stack([rounded(size, decoding).read(tf.constant(image)) for image in chosen])
    for step in range(VARIANTS):
        columns.append(augmented_inputs(decoded, augmentation, image_size, Draw(seed, step))[IMAGES])
    width = SIDE + GAP + VARIANTS * (SIDE + BORDER) + BORDER
    page = Image.new("RGB", (width, len(chosen) * (SIDE + BORDER) + BORDER), "white")
    for column, images in enumerate(columns):
        left = BORDER + column * (SIDE + BORDER) + (GAP - BORDER) * (column > 0)
        for row, image in enumerate(images.numpy()):
            page.paste(_tile(image), (left, BORDER + row * (SIDE + BORDER)))
    png = io.BytesIO()
    page.save(png, "PNG")
    write_bytes(path, png.getvalue())


def _tile(image: np.ndarray) -> Image.Image:
    return Image.fromarray(np.rint(image * 255).astype(np.uint8)).resize((SIDE, SIDE))
