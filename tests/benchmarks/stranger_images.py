"""Images of other kinds than any classifier was trained on: small photos, noise, textures, pages of text."""

import pathlib
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageDraw
from sklearn.datasets import load_sample_images

COUNT = 64
SIDE = 224  # pixels
WORDS = ("the", "of", "and", "image", "class", "model", "train", "label", "folder", "photo", "error", "batch")


def write_strangers(directory: pathlib.Path, pictures: pathlib.Path) -> None:
    """Writes DIRECTORY/KIND/NUMBER.png, COUNT of each kind; `pictures` is a folder of photos."""
    random = np.random.default_rng(0)
    photos = [Image.fromarray(image) for image in load_sample_images().images]
    photos += [Image.open(path).convert("RGB") for path in sorted(pictures.glob("*.jpg"))]
    kinds = {
        "small_photos": (_crop(photos, random).resize((32, 32)) for _ in range(COUNT)),
        "photos": (_crop(photos, random).resize((SIDE, SIDE)) for _ in range(COUNT)),
        "noise": (_noise(random, 2 ** (number % 6)) for number in range(COUNT)),
        "textures": (_texture(random) for _ in range(COUNT)),
        "text": (_text(random) for _ in range(COUNT)),
    }
    for kind, images in kinds.items():
        _write(directory / kind, images)


def _write(directory: pathlib.Path, images: Iterator[Image.Image]) -> None:
    directory.mkdir(parents=True)
    for number, image in enumerate(images):
        image.save(directory / f"{number:02}.png")


def _crop(photos: list[Image.Image], random: np.random.Generator) -> Image.Image:
    """A square out of one of them."""
    photo = photos[random.integers(len(photos))]
    side = random.integers(min(photo.size) // 3, min(photo.size))
    left, top = (random.integers(0, whole - side + 1) for whole in photo.size)
    return photo.crop((left, top, left + side, top + side))


def _noise(random: np.random.Generator, grain: int) -> Image.Image:
    """Coloured dots, `grain` pixels wide."""
    dots = random.integers(0, 256, (SIDE // grain, SIDE // grain, 3), np.uint8)
    return Image.fromarray(dots).resize((SIDE, SIDE), Image.Resampling.NEAREST)


def _texture(random: np.random.Generator) -> Image.Image:
    """Three waves of two colours."""
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    waves = [
        np.sin(2 * np.pi * (random.uniform(1, 20) * x + random.uniform(1, 20) * y + random.random()))
        for _ in range(3)
    ]
    share = (np.mean(waves, axis=0)[..., None] + 1) / 2
    one, other = random.integers(0, 256, (2, 3))
    return Image.fromarray((share * one + (1 - share) * other).astype(np.uint8))


def _text(random: np.random.Generator) -> Image.Image:
    """Dark lines on a bright page, or bright ones on a dark page."""
    bright, dark = (tuple(random.integers(low, low + 56, 3).tolist()) for low in (200, 0))
    ink, paper = (bright, dark) if random.random() < 0.3 else (dark, bright)
    page = Image.new("RGB", (SIDE, SIDE), paper)
    draw, size = ImageDraw.Draw(page), int(random.integers(8, 24))
    for top in range(4, SIDE, size + 4):
        line = " ".join(random.choice(WORDS, random.integers(2, 9)))
        draw.text((4, top), line, ink, font_size=size)
    return page
