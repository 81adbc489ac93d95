"""Which columns of a Parquet file hold images, their names and labels, by its schema and its counts alone.

An image lies in a column of bytes, or in a struct of bytes and path, as Hugging Face's datasets write it;
these name the classes in the schema's metadata, too (source: datasets.Features, ClassLabel).
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from retrain.errors import InputError
from retrain.record_members import LABEL_FIELDS, NAME_FIELDS

IMAGE_FIELDS = ("image", "image/encoded", "img", "image_bytes", "bytes", "jpg", "jpeg", "png", "webp")
PATH_FIELDS = (*NAME_FIELDS, "path", "image_path")
BYTES, PATH = "bytes", "path"  # of a struct
METADATA = b"huggingface"
IMAGE = "Image"


class ImageColumn(NamedTuple):
    """The column of bytes, in a struct COLUMN.bytes; and columns that may say what images are called."""

    name: str
    names: tuple[str, ...]


class LabelColumn(NamedTuple):
    """A column of numbers or text, one or a list; and the names of numbers, empty where they are not said."""

    name: str
    classes: tuple[str, ...] = ()


def has_images(file: pq.FileMetaData) -> bool:
    """Whether there is a column in which images may be."""
    return bool(_of_bytes(file))


def image_column(path: str, file: pq.FileMetaData) -> ImageColumn:
    """InputError where several columns may be meant."""
    schema = file.schema.to_arrow_schema()
    image, column = _image(path, _of_bytes(file), _features(file))
    texts = [name for name in PATH_FIELDS if name in schema.names and _is_text(schema.field(name).type)]
    if column != image and _has(schema.field(image).type, PATH, _is_text):
        texts.insert(0, f"{image}.{PATH}")
    return ImageColumn(column, tuple(texts))


def label_column(path: str, file: pq.FileMetaData) -> LabelColumn | None:
    """None where there is none; InputError where several may be meant.

    Names go before numbers, and known names of columns before the only one whose classes have names.
    """
    schema, said = file.schema.to_arrow_schema(), _features(file)
    classes = {name: names for name in schema.names if (names := _classes(said.get(name)))}
    known = [name for name in LABEL_FIELDS if name in schema.names]
    names = [name for name in known if name in classes or _of(schema, name, _is_text)]
    numbers = [name for name in known if _of(schema, name, _is_number)]
    if not names + numbers and len(classes) > 1:
        raise InputError(
            f"{path!r} has several columns of labels ({', '.join(map(repr, classes))}), but one was "
            "expected, or one that is called 'label': give it that name."
        )
    column = next(iter([*names, *classes, *numbers]), None)
    return None if column is None else LabelColumn(column, classes.get(column, ()))


def place_of(file: pq.FileMetaData, column: str) -> int:
    """The number of a column in each row group."""
    return next(number for number in range(len(file.schema)) if file.schema.column(number).path == column)


def _of_bytes(file: pq.FileMetaData) -> dict[str, str]:
    """By the name of each column that holds bytes where these lie; none of one in which there are none."""
    found = {}
    for field in file.schema.to_arrow_schema():
        if _is_bytes(field.type):
            found[field.name] = field.name
        elif _has(field.type, BYTES, _is_bytes):
            found[field.name] = f"{field.name}.{BYTES}"
    return {name: column for name, column in found.items() if not _is_empty(file, column)}


def _is_empty(file: pq.FileMetaData, column: str) -> bool:
    place = place_of(file, column)
    counts = [file.row_group(group).column(place).statistics for group in range(file.num_row_groups)]
    return file.num_rows > 0 and all(
        count is not None and count.has_null_count and count.null_count == file.row_group(group).num_rows
        for group, count in enumerate(counts)
    )


def _image(path: str, found: Mapping[str, str], said: Mapping[str, Any]) -> tuple[str, str]:
    called_so = [name for name in IMAGE_FIELDS if name in found]
    images = [name for name in found if _kind(said.get(name)) == IMAGE]
    for names in (called_so[:1], images, list(found)):
        if len(names) == 1:
            return names[0], found[names[0]]
    raise InputError(
        f"{path!r} has several columns of bytes ({', '.join(map(repr, images or found))}), and any may hold "
        f"the images, but one was expected, or one that is called {IMAGE_FIELDS[0]!r}: give it that name."
    )


def _features(file: pq.FileMetaData) -> Mapping[str, Any]:
    """What Hugging Face's datasets say of the columns."""
    try:
        said = json.loads((file.metadata or {}).get(METADATA, b"{}"))["info"]["features"]
    except (ValueError, KeyError, TypeError):
        said = None
    return said if isinstance(said, dict) else {}


def _kind(feature: Any) -> str:
    return str(feature.get("_type")) if isinstance(feature, dict) else ""


def _classes(feature: Any) -> tuple[str, ...]:
    """Of a label, or of a list of labels; empty where their names are not said."""
    if isinstance(feature, list) and len(feature) == 1:
        return _classes(feature[0])
    if not isinstance(feature, dict):
        return ()
    if isinstance(feature.get("names"), list):
        return tuple(map(str, feature["names"]))
    return _classes(feature.get("feature"))


def _of(schema: pa.Schema, name: str, is_so: Any) -> bool:
    """Whether values of a column, or what its lists hold, are so."""
    kind = schema.field(name).type
    while pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_dictionary(kind):
        kind = kind.value_type
    return is_so(kind)


def _has(kind: pa.DataType, child: str, is_so: Any) -> bool:
    return pa.types.is_struct(kind) and kind.get_field_index(child) >= 0 and is_so(kind.field(child).type)


def _is_bytes(kind: pa.DataType) -> bool:
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind)
