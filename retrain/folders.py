"""What lies in a folder, be it on this machine or at an address that TensorFlow reads."""

import os
from collections.abc import Hashable
from typing import Any

from retrain.addresses import is_address, reader
from retrain.errors import InputError


def exists(path: str) -> bool:
    """Whether there is anything; InputError where a service does not say."""
    return _is_folder_at(path) is not None if is_address(path) else os.path.exists(path)


def is_folder(path: str) -> bool:
    """Whether there is a folder; InputError where a service does not say."""
    return _is_folder_at(path) is True if is_address(path) else os.path.isdir(path)


def entries_of(folder: str) -> list[Any]:
    """Each an os.DirEntry, or as one; OSError where the folder cannot be read."""
    if is_address(folder):
        return reader().entries(folder)
    with os.scandir(folder) as entries:
        return list(entries)


def identity_of(folder: str) -> Hashable:
    """What it is known by, wherever links lead."""
    if is_address(folder):
        return folder.rstrip("/")
    status = os.stat(folder)
    return status.st_dev, status.st_ino


def _is_folder_at(address: str) -> bool | None:
    """None where there is nothing."""
    try:
        return not reader().status(address)[2]
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(
            f"{address!r} cannot be reached ({error.strerror}): see to it that this machine may read there, "
            "or copy what is there to a disk."
        ) from error
