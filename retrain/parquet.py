"""Which files of Parquet hold images themselves; pyarrow, an extra, is imported where there is one."""

import importlib
import os
from types import ModuleType

from retrain.errors import InputError

ENDINGS = (".parquet", ".pq")
ENDING = r"\.(?:parquet|pq)"
READER = "retrain.parquet_members"


def is_parquet(path: str) -> bool:
    """Whether this is a file of Parquet that has a column of images, and not of their paths.

    InputError where it cannot be read.
    """
    is_one = path.lower().endswith(ENDINGS) and os.path.isfile(path)
    return is_one and reader_of(path).holds_images(path)


def reader_of(path: str) -> ModuleType:
    """`retrain.parquet_members`; InputError without pyarrow."""
    try:
        return importlib.import_module(READER)
    except ImportError as error:
        raise InputError(
            f"{path!r} is a Parquet file, which needs pyarrow: pip install 'retrain[parquet]'."
        ) from error
