"""What a graph makes of pixels with an alpha channel or 16 bits, beside what NumPy makes of them."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from retrain.data import deep_in_graph
from retrain.data.deep_in_graph import decode_deep
from retrain.opaque_pixels import opaque

RANDOM = np.random.default_rng(0)
CLEAR = RANDOM.integers(0, 256, [9, 7, 4], np.uint8)
GREY = RANDOM.integers(0, 65536, [9, 7], np.uint16)
PIXELS = {
    "PNG": CLEAR,
    "opaque PNG": np.concatenate([CLEAR[..., :3], np.full([9, 7, 1], 255, np.uint8)], axis=2),
    "PNG of 16 bits": GREY,
    "PNG of 12 bits": GREY >> 4,
    "PNG of 8 bits in 16": GREY >> 8,
    "black PNG of 16 bits": np.zeros_like(GREY),
    "WebP": CLEAR,
    "opaque WebP": CLEAR[..., :3].copy(),
}


def saved(name: str) -> bytes:
    file, of = io.BytesIO(), "WEBP" if "WebP" in name else "PNG"
    Image.fromarray(PIXELS[name]).save(
        file, of, **({"lossless": True, "exact": True} if of == "WEBP" else {})
    )
    return file.getvalue()


@pytest.mark.parametrize("band", [2**20, 14])
@pytest.mark.parametrize("background", ["white", "#123456"])
@pytest.mark.parametrize("name", PIXELS)
def test_a_graph_and_numpy_agree_to_the_bit(monkeypatch, name, background, band):
    monkeypatch.setattr(deep_in_graph, "BAND", band)
    found = tf.function(lambda contents: decode_deep(contents, background))(tf.constant(saved(name)))
    pixels = PIXELS[name] if PIXELS[name].ndim == 3 else PIXELS[name][..., None]
    np.testing.assert_array_equal(found, opaque(pixels, background).image)


def test_what_is_cut_is_refused():
    with pytest.raises(tf.errors.InvalidArgumentError):
        decode_deep(tf.constant(saved("PNG")[:60]), "white")
