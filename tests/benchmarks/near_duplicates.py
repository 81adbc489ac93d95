"""How many photos are found again that were saved smaller, at lower quality and slightly cropped.

`python -m tests.benchmarks.near_duplicates PHOTOS` takes 100 of the images in PHOTOS and cuts up to 2, 5 and
8 % from each of their sides. Wanted: 98 of 100, and no two photos taken for one that are not; look at those
that it names.
"""

import pathlib
import random
import sys
import tempfile
import time

from PIL import Image

from retrain.data.layout import read_listing
from retrain.examples.near_duplicates import near_duplicates
from retrain.features.cache import FileKey
from retrain.features.image_facts_store import ImageFactsStore

COPIES = 100
CROPS = (0.02, 0.05, 0.08)


def main(photos: str) -> None:
    paths = [pathlib.Path(photos, path) for path in read_listing(photos).paths]
    chosen = random.Random(0).sample(range(len(paths)), min(COPIES, len(paths)))
    sets, seconds = _sets(paths)
    print(f"{len(paths)} photos, {seconds:.2f} s to compare: {len(sets)} sets of near duplicates")
    for rows in sets:
        print(*(paths[row] for row in rows), sep="\n  ")
    for crop in CROPS:
        with tempfile.TemporaryDirectory() as directory:
            copies = [pathlib.Path(directory, f"{row}.jpg") for row in chosen]
            for number, (row, copy) in enumerate(zip(chosen, copies, strict=True)):
                save_again(paths[row], copy, crop, number)
            both, _ = _sets([*paths, *copies])
        origin = {len(paths) + number: row for number, row in enumerate(chosen)}
        found = sum(row in rows for rows in both for copy, row in origin.items() if copy in rows)
        others = [rows for rows in both if not _known(sets, {origin.get(row, row) for row in rows})]
        print(f"crop up to {crop:.0%}: {found} of {len(copies)} found, {len(others)} false sets")


def save_again(photo: pathlib.Path, copy: pathlib.Path, crop: float, seed: int) -> None:
    """A JPEG of 40 to 90 % of the size, quality 40 to 85, up to `crop` of each side cut away."""
    draw = random.Random(seed)
    with Image.open(photo) as image:
        width, height = image.size
        left, top, right, bottom = (draw.uniform(0, crop) for _ in range(4))
        box = (left * width, top * height, (1 - right) * width, (1 - bottom) * height)
        cut, share = image.convert("RGB").crop(tuple(map(round, box))), draw.uniform(0.4, 0.9)
        small = cut.resize((round(share * cut.width), round(share * cut.height)), Image.Resampling.LANCZOS)
        small.save(copy, quality=draw.randint(40, 85))


def _sets(paths: list[pathlib.Path]) -> tuple[list[list[int]], float]:
    files = [FileKey(str(path.absolute()), 0, 0) for path in paths]
    store = ImageFactsStore(files, None)
    store.fill(files)
    began = time.perf_counter()
    return near_duplicates(store.facts(files).thumbnails), time.perf_counter() - began


def _known(sets: list[list[int]], rows: set[int]) -> bool:
    return len(rows) == 1 or any(rows <= set(known) for known in sets)


if __name__ == "__main__":
    main(sys.argv[1])
