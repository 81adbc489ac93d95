"""What all trials of a study have in common, by which a study is known from that of another sweep."""

import hashlib
import json

from retrain.data.listing import Listing
from retrain.settings.config import FIELDS, Config, read_by
from retrain.settings.field import about, as_text
from retrain.sweep.space import Space, as_entries


def about_sweep(space: Space, objective: str, config: Config, listing: Listing) -> dict[str, str]:
    """Objective, space, images and every flag that decides what a trial gives, in words."""
    entries = as_entries(space)
    settings = {
        name: as_text(config.value(name))
        for name in read_by("train")
        if about(FIELDS[name]).decides and name not in entries and not about(FIELDS[name]).path
    }
    module = {} if "tfhub_module" in entries else {"tfhub_module": config.module.tfhub_module}
    return {
        "objective": objective,
        "folds": as_text(config.sweep.folds),
        **{f"--sweep {name}": text for name, text in entries.items()},
        "swept flags": ", ".join(entries),
        "images": f"{len(listing.paths)} ({_digest(listing)})",
        **{f"--{name}": text for name, text in (settings | module).items()},
    }


def _digest(listing: Listing) -> str:
    """Of what the images are called and how they are labelled: the same wherever the folder lies."""
    cells = {task: column.cells for task, column in listing.columns.items()}
    text = json.dumps([listing.paths, listing.splits, cells, listing.groups, listing.weights])
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:12]
