"""Modules in a bucket: a directory at an address that TensorFlow reads, or that of a run there.

It is copied to this machine once, into the user's cache directory under a hash of the names, sizes and times
of its files; where these times are not known, for the run.
"""

import hashlib
import json
import os
import pathlib

from retrain import files
from retrain.addresses import FILE_SYSTEMS, reader
from retrain.cache_directory import user_cache_directory
from retrain.errors import InputError
from retrain.folders import exists
from retrain.modules.sources.archive_members import check_size
from retrain.modules.sources.fetched_sources import FetchedSource, directory_of_this_run
from retrain.modules.sources.source import EXPORTS, SAVED_MODEL_FILE, forms


class Bucket(FetchedSource):
    """A module directory, or a run that exported one."""

    form = "a directory at gs://"
    prefixes = tuple(f"{name}://" for name in FILE_SYSTEMS)
    has_files = False
    title = "module in a bucket"

    def fetch(self, max_gb: float) -> pathlib.Path:
        try:
            return _copied(self.handle, _module_at(self.handle), max_gb)
        except OSError as error:
            raise InputError(
                f"{self.handle!r} could not be fetched ({error.strerror}): see to it that this machine may "
                "read there, or copy what is there to a disk."
            ) from error


def _module_at(handle: str) -> str:
    """The directory itself, or what the run there exported."""
    if not exists(handle):
        raise InputError(f"{handle!r} does not exist; a module handle is {forms()}.")
    places = (handle, *(os.path.join(handle, export) for export in EXPORTS))
    found = next((at for at in places if reader().is_file(os.path.join(at, SAVED_MODEL_FILE))), None)
    if found is None:
        raise InputError(
            f"{handle!r} is no module: there is no {SAVED_MODEL_FILE} in it, and no run that exported one."
        )
    return found


def _copied(handle: str, address: str, max_gb: float) -> pathlib.Path:
    listed = reader().files_below(address)
    size = sum(size for size, _ in listed.values())
    check_size(handle, size, len(listed), max_gb, "copy it to a disk")
    kept = user_cache_directory() if all(time for _, time in listed.values()) else None
    content = hashlib.sha256(json.dumps([address, listed]).encode()).hexdigest()
    directory = (kept or directory_of_this_run()) / "modules" / content
    if not directory.is_dir():
        with files.new_directory(directory) as partial:
            for name in listed:
                reader().copy(os.path.join(address, name), os.path.join(partial, name))
    return directory
