"""What a .keras file is, and claims to unpack to, before Keras reads it into memory.

It is a zip archive of two small JSON files and of weights, which Keras stores as they are.
"""

import json
import os
import zipfile

from retrain.errors import InputError

OF_HDF5, OF_ZIP = b"\x89HDF\r\n\x1a\n", b"PK\x03\x04"
METADATA, OF_METADATA = "metadata.json", {"keras_version", "date_saved"}
DESCRIPTIONS = ("config.json", "metadata.json")
LARGEST_DESCRIPTION = 64 * 10**6  # bytes; those of Keras' own networks have less than one million
UNPACKED = 10  # times what a file takes in the archive


def check_archive(location: str) -> None:
    """ValueError for what is no zip archive, as Keras would say that there is no such file, and for bombs."""
    if not zipfile.is_zipfile(location):
        raise ValueError("it is no zip archive, as a whole .keras file is")
    with zipfile.ZipFile(location) as archive:
        for member in archive.infolist():
            small = member.file_size <= LARGEST_DESCRIPTION
            if not small and (
                member.filename in DESCRIPTIONS or member.file_size > UNPACKED * member.compress_size
            ):
                raise ValueError(
                    f"its {member.filename!r} unpacks to {member.file_size / 10**6:.0f} MB from "
                    f"{member.compress_size / 10**6:.0f} MB, which no model does"
                )


def check_name(handle: str, location: str) -> None:
    """Raises InputError for a file of Keras with the name of its other format, by which Keras reads it."""
    with open(location, "rb") as file:
        begins = file.read(len(OF_HDF5))
    stem, end = os.path.splitext(location)
    if end == ".keras" and begins == OF_HDF5:
        raise InputError(
            f"{handle!r} is an HDF5 file, and no zip archive as .keras files are: call it {stem}.h5."
        )
    if end != ".keras" and begins.startswith(OF_ZIP):
        raise InputError(
            f"{handle!r} is a zip archive, as .keras files are, and no HDF5: call it {stem}.keras."
        )


def check_is_packed(handle: str, location: str) -> None:
    """Raises InputError for a directory that is a .keras file which was unzipped."""
    path = os.path.join(location, METADATA)
    if os.path.isfile(path) and _keys(path) == OF_METADATA:
        raise InputError(
            f"{handle!r} is a .keras file that was unzipped: give that file, or zip it again, (cd {location} "
            f"&& zip -r ../model.keras .)."
        )


def is_of_keras_2(location: str) -> bool:
    """Whether the .keras file says so."""
    try:
        with zipfile.ZipFile(location) as archive:
            return json.loads(archive.read(METADATA))["keras_version"].startswith("2.")
    except Exception:  # zipfile raises what it happens to meet in a damaged archive
        return False


def _keys(path: str) -> set[str]:
    try:
        with open(path, encoding="utf-8") as file:
            return {*json.load(file)}
    except ValueError:
        return set()
