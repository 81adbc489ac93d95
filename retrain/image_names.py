"""Which cells of a table, or keys of an object, are names of images."""

import os
from collections.abc import Iterable

from retrain.image_formats import EXTENSIONS

SAMPLED = 20


def looks_like_image(cell: str, image_dir: str) -> bool:
    """Whether it ends as an image does, or names a file, with or without its ending."""
    return cell.lower().endswith(EXTENSIONS) or any(
        os.path.isfile(os.path.join(image_dir, cell + ending)) for ending in ("", *EXTENSIONS)
    )


def are_images(values: Iterable[object], image_dir: str) -> bool:
    """Whether there are some, and all end as images do, or the first of them name files as well."""
    values = list(values)
    if not values or not all(isinstance(value, str) for value in values):
        return False
    return all(value.lower().endswith(EXTENSIONS) for value in values) or all(
        looks_like_image(value, image_dir) for value in values[:SAMPLED]
    )
