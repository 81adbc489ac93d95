"""Draws data_samples/drawings and data_samples/scenes: simple pictures, the same ones every time.

    python data_samples/make_samples.py [DIRECTORY]

Drawings are of four kinds, in class folders. Every class uses every colour, on every background, at many
places, sizes and angles: shape tells them apart. Beside them drawings.csv says of each picture its kind, one
of four, and its colours, several of eight: two tasks.

Scenes show any of four things, each there or not whatever the others are. scenes.csv says which: one task of
several labels.
"""

import math
import pathlib
import random
import sys
from collections.abc import Callable

from PIL import Image, ImageDraw

IMAGES_PER_CLASS = 14
SCENES = 60
SIZE = 128
EDITION = b"edition 194"  # with this in the files, their hashes put some of every class into every split
FINE = 4  # drawn this many times larger, so that edges come out smooth

COLOURS = {
    "#e4572e": "red",
    "#f0a202": "amber",
    "#2e86ab": "blue",
    "#7b4fa3": "purple",
    "#3d9a50": "green",
    "#d1456f": "pink",
    "#14958b": "teal",
    "#8c5a3c": "brown",
}
BACKGROUNDS = ["#fbf3e4", "#e6f1f8", "#eef6e6", "#f8e9ee", "#eeeaf6", "#fdf6c9", "#e3e8ec"]
LINE, WHITE = "#2b2d42", "#ffffff"

Point = tuple[float, float]


class Pen:
    """Draws outlined shapes in coordinates from -1 to 1, y upwards."""

    def __init__(self, size: int):
        self.image = Image.new("RGBA", (size, size))
        self._draw = ImageDraw.Draw(self.image)
        self._scale, self._width = size / 2.4, size // 64

    def polygon(self, *points: Point, fill: str) -> None:
        pixels = [self._pixel(point) for point in points]
        self._draw.polygon(pixels, fill=fill)
        self._draw.line([*pixels, *pixels[:2]], fill=LINE, width=self._width, joint="curve")

    def rectangle(self, low: Point, high: Point, fill: str) -> None:
        (left, bottom), (right, top) = low, high
        self.polygon((left, bottom), (right, bottom), (right, top), (left, top), fill=fill)

    def ellipse(self, centre: Point, width: float, height: float, fill: str) -> None:
        (x, y), half_width, half_height = centre, width / 2, height / 2
        box = [self._pixel((x - half_width, y + half_height)), self._pixel((x + half_width, y - half_height))]
        self._draw.ellipse(box, fill=fill, outline=LINE, width=self._width)

    def _pixel(self, point: Point) -> Point:
        centre = self.image.width / 2
        return centre + point[0] * self._scale, centre - point[1] * self._scale


def boat(pen: Pen, colours: list[str], rng: random.Random) -> None:
    sail, deck = rng.uniform(0.7, 0.95), rng.uniform(0.5, 0.65)
    pen.rectangle((-0.06, -0.4), (0.02, 0.95), fill=LINE)
    pen.polygon((0.1, -0.22), (0.1, sail), (rng.uniform(0.6, 0.85), -0.22), fill=colours[0])
    pen.polygon((-0.14, -0.22), (-0.14, sail - 0.15), (-rng.uniform(0.45, 0.7), -0.22), fill=colours[1])
    pen.polygon((-0.95, -0.4), (0.95, -0.4), (deck, -0.85), (-deck, -0.85), fill=colours[2])


def fish(pen: Pen, colours: list[str], rng: random.Random) -> None:
    height, tail = rng.uniform(0.75, 1.05), rng.uniform(0.35, 0.5)
    pen.polygon((0.4, 0.0), (0.98, tail), (0.85, 0.0), (0.98, -tail), fill=colours[1])
    pen.polygon((-0.3, height / 2 - 0.1), (0.1, height / 2 + 0.25), (0.3, height / 2 - 0.15), fill=colours[1])
    pen.ellipse((-0.18, 0.0), 1.5, height, fill=colours[0])
    pen.polygon((-0.05, -0.05), (0.28, 0.1), (0.28, -0.2), fill=colours[2])
    pen.ellipse((-0.6, 0.12), 0.2, 0.2, fill=WHITE)
    pen.ellipse((-0.62, 0.12), 0.08, 0.08, fill=LINE)


def house(pen: Pen, colours: list[str], rng: random.Random) -> None:
    wall, eaves, ridge = rng.uniform(0.55, 0.75), rng.uniform(0.05, 0.25), rng.uniform(0.75, 0.95)
    pen.rectangle((wall - 0.35, eaves), (wall - 0.15, ridge - 0.05), fill=colours[2])
    pen.rectangle((-wall, -0.85), (wall, eaves), fill=colours[0])
    pen.polygon((-wall - 0.2, eaves), (wall + 0.2, eaves), (0.0, ridge), fill=colours[1])
    door = rng.uniform(-0.12, 0.12)
    pen.rectangle((door - 0.13, -0.85), (door + 0.13, -0.3), fill=colours[2])
    for side in (-1, 1):
        x = side * (wall - 0.19)
        pen.rectangle((x - 0.1, eaves - 0.42), (x + 0.1, eaves - 0.18), fill=WHITE)


def tree(pen: Pen, colours: list[str], rng: random.Random) -> None:
    pen.rectangle((-0.1, -0.9), (0.1, -0.1), fill=colours[1])
    if rng.random() < 0.5:
        for step in range(3):
            low, half_width = -0.45 + 0.42 * step, 0.72 - 0.17 * step
            pen.polygon((-half_width, low), (half_width, low), (0.0, low + 0.62), fill=colours[0])
        return
    for x, y in [(-0.38, 0.05), (0.38, 0.05), (-0.2, 0.5), (0.24, 0.48), (0.0, 0.2)]:
        pen.ellipse((x, y), rng.uniform(0.65, 0.8), rng.uniform(0.65, 0.8), fill=colours[0])


def sun(pen: Pen, colours: list[str], rng: random.Random) -> None:
    turn = rng.uniform(0.0, math.pi / 4)
    for ray in range(8):
        angle = turn + ray * math.pi / 4
        tip, left, right = ((1.0, 0.0), (0.6, 0.18), (0.6, -0.18))
        pen.polygon(*(_turned(point, angle) for point in (tip, left, right)), fill=colours[1])
    pen.ellipse((0.0, 0.0), 1.1, 1.1, fill=colours[0])


def _turned(point: Point, angle: float) -> Point:
    (x, y), cosine, sine = point, math.cos(angle), math.sin(angle)
    return x * cosine - y * sine, x * sine + y * cosine


Draw = Callable[[Pen, list[str], random.Random], None]
CLASSES: dict[str, Draw] = {
    "boat": boat,
    "fish": fish,
    "house": house,
    "tree": tree,
}
# What is in scenes, and its shades: scenes are few, so that colour may help.
THINGS: dict[str, tuple[Draw, list[str]]] = {
    "fish": (fish, ["#2e86ab", "#1f6f96", "#4aa3c7"]),
    "house": (house, ["#e4572e", "#c9432b", "#d1456f"]),
    "sun": (sun, ["#f0a202", "#f6c02e", "#ffd34d"]),
    "tree": (tree, ["#3d9a50", "#2f7d3f", "#58b368"]),
}
QUARTERS = [(column, row) for column in range(2) for row in range(2)]


def drawing(name: str, index: int) -> Image.Image:
    """The picture of this class and number, RGB."""
    rng = random.Random(f"{name} {index}")
    pen = Pen(SIZE * FINE)
    CLASSES[name](pen, rng.sample(list(COLOURS), 3), rng)
    layer = pen.image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else pen.image
    layer = layer.rotate(rng.uniform(-9, 9), Image.Resampling.BICUBIC)
    size = round(SIZE * FINE * rng.uniform(0.78, 0.98))
    layer = layer.resize((size, size), Image.Resampling.LANCZOS)
    picture = Image.new("RGB", (SIZE * FINE, SIZE * FINE), rng.choice(BACKGROUNDS))
    free = SIZE * FINE - size
    picture.paste(layer, (rng.randint(0, free), rng.randint(0, free)), layer)
    return picture.resize((SIZE, SIZE), Image.Resampling.LANCZOS)


def colours(name: str, index: int) -> list[str]:
    """What this picture is painted with: the first thing that `drawing` draws by lot; a tree takes two."""
    drawn = random.Random(f"{name} {index}").sample(list(COLOURS), 3)
    return sorted(COLOURS[colour] for colour in drawn[: 2 if name == "tree" else 3])


def scene(index: int) -> tuple[Image.Image, list[str]]:
    """The scene of this number, RGB, and the things in it: each with a chance of its own of one half."""
    rng = random.Random(f"scene {index}")
    things = [name for name in THINGS if rng.random() < 0.5]
    picture = Image.new("RGB", (SIZE * FINE, SIZE * FINE), rng.choice(BACKGROUNDS))
    half = SIZE * FINE // 2
    for name, (column, row) in zip(things, rng.sample(QUARTERS, len(things)), strict=True):
        draw, shades = THINGS[name]
        pen = Pen(round(half * rng.uniform(0.8, 0.98)))
        draw(pen, rng.sample(shades, 3), rng)
        layer = pen.image.rotate(rng.uniform(-9, 9), Image.Resampling.BICUBIC)
        free = half - layer.width
        picture.paste(layer, (column * half + rng.randint(0, free), row * half + rng.randint(0, free)), layer)
    return picture.resize((SIZE, SIZE), Image.Resampling.LANCZOS), things


def make_drawings(directory: pathlib.Path) -> None:
    """Writes DIRECTORY/CLASS/CLASS-NN.jpg; by these names every class has images in every default split.

    And DIRECTORY.csv, a table of two tasks.
    """
    rows = ["path,kind,colours"]
    for name in CLASSES:
        (directory / name).mkdir(parents=True, exist_ok=True)
        for index in range(1, IMAGES_PER_CLASS + 1):
            path = directory / name / f"{name}-{index:02}.jpg"
            drawing(name, index).save(path, quality=78, optimize=True, comment=EDITION)
            rows.append(f"{name}/{path.name},{name},{'|'.join(colours(name, index))}")
    directory.with_suffix(".csv").write_text("\n".join(rows) + "\n")


def make_scenes(directory: pathlib.Path) -> None:
    """Writes DIRECTORY/scene-NN.jpg, and DIRECTORY.csv with a column for each thing."""
    directory.mkdir(parents=True, exist_ok=True)
    rows = [",".join(["path", *(f"things:{name}" for name in THINGS)])]
    for index in range(1, SCENES + 1):
        picture, things = scene(index)
        path = directory / f"scene-{index:02}.jpg"
        picture.save(path, quality=78, optimize=True)
        rows.append(",".join([path.name, *(str(int(name in things)) for name in THINGS)]))
    directory.with_suffix(".csv").write_text("\n".join(rows) + "\n")


if __name__ == "__main__":
    beside = pathlib.Path(sys.argv[1] if sys.argv[1:] else pathlib.Path(__file__).parent)
    make_drawings(beside / "drawings")
    make_scenes(beside / "scenes")
