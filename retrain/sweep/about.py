"""What all trials of a study have in common, by which a study is known from that of another sweep."""

import hashlib
import json

from retrain.data.listing import Listing
from retrain.settings.config import FIELDS, Config, read_by
from retrain.settings.field import about, as_text
from retrain.sweep.objective import Objective
from retrain.sweep.space import Space, as_entries

# What may differ from one machine to another, or from one day to the next, and changes no trial.
ELSEWHERE = ("export_formats", "feature_engine")


def about_sweep(space: Space, objective: Objective, config: Config, listing: Listing) -> dict[str, str]:
    """Objective, space, images and every flag that decides what a trial gives, in words."""
    entries = as_entries(space)
    names = [name for name in read_by("train") if name not in ELSEWHERE and name not in entries]
    settings = {name: getattr(config, name) for name in names if not about(FIELDS[name]).path}
    if "tfhub_module" not in entries:
        settings["tfhub_module"] = config.tfhub_module
    return {
        "objective": objective.name,
        "folds": as_text(config.folds),
        **{f"--sweep {name}": text for name, text in entries.items()},
        "swept flags": ", ".join(entries),
        "images": f"{len(listing.paths)} ({_digest(listing)})",
        **{f"--{name}": as_text(value) for name, value in settings.items()},
    }


def _digest(listing: Listing) -> str:
    """Of what the images are called and how they are labelled: the same wherever the folder lies."""
    columns = listing.columns
    tasks = [listing.labels] if columns is None else [columns.tasks, columns.groups, columns.weights]
    text = json.dumps([listing.paths, listing.splits, tasks])
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:12]
