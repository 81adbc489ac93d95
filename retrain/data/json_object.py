"""Tables that are one JSON object: of paths, classes, columns or rows, as tools and pandas write them.

What is sure by where names of images stand is read so, and told where it is no plain form; the rest is
refused.
"""

from collections.abc import Callable, Iterable, Mapping

import pandas as pd
from absl import logging

from retrain.errors import InputError
from retrain.image_names import are_images, looks_like_image

SHOWN_NAMES = 3
VIA = "_via_img_metadata"  # VGG Image Annotator's project, around what it exports

Object = Mapping[str, object]


def object_cells(whole: Object, called: str, image_dir: str) -> pd.DataFrame:
    """A row for each image; InputError for an object that has none of the FORMS."""
    project = whole.get(VIA)
    whole = project if isinstance(project, Mapping) else whole
    for form, words in FORMS.items():
        table = form(whole, image_dir)
        if table is not None:
            if words:
                logging.info("%s is read as %s.", called, words)
            return table
    raise InputError(
        f"{called} is one JSON object with "
        f"{', '.join(map(repr, list(whole)[:SHOWN_NAMES]))} (as COCO's are), but one object for each "
        "image was expected, as JSON lines or an array: write such a table from it."
    )


def _of_paths(whole: Object, image_dir: str) -> pd.DataFrame | None:
    """Path -> label, or labels, or what is known of the image."""
    if not are_images(whole, image_dir):
        return None
    rows = [of if isinstance(of, Mapping) else {"label": of} for of in whole.values()]
    return _table({"path": path, **row} for path, row in zip(whole, rows, strict=True))


def _of_one_image(whole: Object, image_dir: str) -> pd.DataFrame | None:
    """The only one of JSON lines."""
    named = any(isinstance(value, str) and looks_like_image(value, image_dir) for value in whole.values())
    return _table([whole]) if named else None


def _of_classes(whole: Object, image_dir: str) -> pd.DataFrame | None:
    """Class -> the paths of its images; an image has all the classes that it is listed under."""
    if not _are(list, whole) or not all(are_images(paths, image_dir) for paths in whole.values()):
        return None
    labels: dict[str, list[str]] = {}
    for name, paths in whole.items():
        for path in paths:
            labels.setdefault(path, []).append(name)
    return _table({"path": path, "label": names} for path, names in labels.items())


def _of_fiftyone(whole: Object, image_dir: str) -> pd.DataFrame | None:
    """Of its image classification datasets; `image_dir` is not asked, as its images lie in a folder there."""
    classes, labels = whole.get("classes"), whole.get("labels")
    if not isinstance(classes, list) or not isinstance(labels, Mapping) or len(whole) > 2:
        return None
    if not all(isinstance(label, int) and 0 <= label < len(classes) for label in labels.values()):
        return None
    return _table({"path": path, "label": classes[label]} for path, label in labels.items())


def _of_columns(whole: Object, image_dir: str) -> pd.DataFrame | None:
    """Column -> its cells, in a list, or by the number of the row: pandas' to_dict and to_json."""
    if not (_are(list, whole) or _are(dict, whole)) or len(set(map(len, whole.values()))) != 1:
        return None
    columns = {name: list(of.values()) if isinstance(of, dict) else of for name, of in whole.items()}
    of_paths = any(are_images(cells, image_dir) for cells in columns.values())
    return pd.DataFrame(dict(whole), dtype=object) if of_paths else None


def _of_rows(whole: Object, image_dir: str) -> pd.DataFrame | None:
    """Name, or number, of a row -> its cells: pandas' to_json(orient="index"), VGG Image Annotator's JSON."""
    if not _are(dict, whole):
        return None
    table = _table(whole.values())
    return table if any(are_images(cells, image_dir) for _, cells in table.items()) else None


def _of_parts(whole: Object, image_dir: str) -> pd.DataFrame | None:
    """Names of columns and rows apart: pandas' to_json with orient "split" or "table"; whatever the cells."""
    if not isinstance(whole.get("data"), list):
        return None
    if whole.keys() == {"schema", "data"}:
        return _table(whole["data"]).drop(columns="index", errors="ignore")
    if isinstance(whole.get("columns"), list) and whole.keys() <= {"columns", "index", "data"}:
        return pd.DataFrame(whole["data"], columns=whole["columns"], dtype=object)
    return None


FORMS: Mapping[Callable[[Object, str], pd.DataFrame | None], str] = {
    _of_paths: "",
    _of_one_image: "",
    _of_classes: "class names, each with the paths of its images",
    _of_fiftyone: "FiftyOne's classes, and paths with the number of one each",
    _of_columns: "columns, each with its cells",
    _of_rows: "rows, each with its cells",
    _of_parts: "pandas' names of columns, and its rows",
}


def _are(kind: type, whole: Object) -> bool:
    return bool(whole) and all(isinstance(value, kind) for value in whole.values())


def _table(rows: Iterable[Object]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), dtype=object)
