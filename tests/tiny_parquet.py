"""Files of Parquet with images, as Hugging Face's datasets write them."""

import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

IMAGE = {"_type": "Image"}


def class_label(*names: str) -> Mapping[str, Any]:
    """What the metadata says of a column of numbers that have names."""
    return {"names": [*names], "_type": "ClassLabel"}


def parquet_file(
    path: pathlib.Path,
    columns: Mapping[str, Sequence[Any]],
    features: Mapping[str, Any] | None = None,
    rows: int = 2,
    **options: Any,
) -> str:
    """Writes these columns, so many rows in a row group; `features` are said in the metadata."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table(dict(columns))
    if features is not None:
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    pq.write_table(table, path, row_group_size=rows, **options)
    return str(path)


def parquet_of_folder(folder: str, directory: pathlib.Path, names: Sequence[str]) -> str:
    """Writes the images of class folders by turns into files of these names; one row of each has none."""
    files = sorted(path for path in pathlib.Path(folder).rglob("*") if path.is_file())
    classes = sorted({file.parent.name for file in files})
    for number, name in enumerate(names):
        mine = files[number :: len(names)]
        images = [{"bytes": file.read_bytes(), "path": None} for file in mine]
        labels = [classes.index(file.parent.name) for file in mine]
        parquet_file(
            directory / name,
            {"image": [*images, None], "label": [*labels, -1]},
            {"image": IMAGE, "label": class_label(*classes)},
            rows=5,
        )
    return str(directory)
