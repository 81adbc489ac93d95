"""Module handles: from what the user named to a format (a row of LOADERS) and a place on this machine.

A handle is the path of a module directory, of a `.keras` file or of a `.tar.gz` with a module, an https://
URL, `keras:NAME[:WEIGHTS]` or `builtin:`. Archives are unpacked once, into the user's cache directory under
the hash of their content; URLs are downloaded by tensorflow_hub into its own cache, and only for them is
TensorFlow imported. Whether the module can be used is left to its loader.
"""

import gzip
import os
import pathlib
import re
import tarfile
import zlib
from typing import NamedTuple

from retrain import files
from retrain.cache_directory import user_cache_directory
from retrain.errors import InputError
from retrain.modules.sources.application_sizes import check_name

FORMS = "a module directory, a .keras file, a .tar.gz of a module, an https:// URL, keras:NAME or builtin:"

BUILTIN, KERAS = "builtin:", "keras:"
URLS = ("https://", "http://")
ARCHIVES = (".tar.gz", ".tgz")
SAVED_MODEL_FILE = "saved_model.pb"
TF1_HUB_FILE = "tfhub_module.pb"
KERAS_NAME = re.compile(r"\w+(:(imagenet|none))?")
SHOWN_NAMES = 5


class Resolved(NamedTuple):
    """A module's format, the name of a row of LOADERS, and what that loader is to be given."""

    format: str
    location: str


def resolve(handle: str) -> Resolved:
    """Finds the module, downloading or unpacking it where needed."""
    check_handle(handle)
    if handle.startswith(BUILTIN):
        return Resolved("builtin", handle.removeprefix(BUILTIN))
    if handle.startswith(KERAS):
        return Resolved("keras", handle)
    if handle.startswith(URLS):
        return _resolved_directory(_downloaded(handle), handle)
    path = pathlib.Path(handle).expanduser()
    if path.suffix == ".keras":
        return Resolved("keras", str(path))
    return _resolved_directory(path if path.is_dir() else _unpacked(path), handle)


def check_handle(handle: str) -> None:
    """Raises InputError for what can be seen to be no module without importing TensorFlow or going online."""
    if handle.startswith((BUILTIN, *URLS)):
        return
    if handle.startswith(KERAS):
        _check_keras_name(handle)
        return
    path = pathlib.Path(handle).expanduser()
    if not handle or not path.exists():
        raise InputError(f"{handle!r} does not exist; a module handle is {FORMS}.")
    if path.is_dir():
        _check_is_module(path, handle)
    else:
        _check_module_file(handle)


def _check_keras_name(handle: str) -> None:
    if not KERAS_NAME.fullmatch(handle.removeprefix(KERAS)):
        raise InputError(
            f"{handle!r} is not of the form keras:NAME or keras:NAME:WEIGHTS, with NAME a model of "
            f"keras.applications and WEIGHTS imagenet (the default) or none (random); "
            f"keras:MobileNetV3Large is an example."
        )
    check_name(handle.split(":")[1], handle)


def _check_module_file(handle: str) -> None:
    if handle.endswith((".keras", *ARCHIVES)):
        return
    if handle.endswith((".h5", ".hdf5")):
        raise InputError(
            f"{handle!r} is an HDF5 file, which is not read; load the model where it was made and save it in "
            f"today's format, model.save('NAME.keras')."
        )
    raise InputError(f"{handle!r} is a file of an unknown kind; a module handle is {FORMS}.")


def _check_is_module(directory: pathlib.Path, handle: str) -> None:
    if (directory / SAVED_MODEL_FILE).is_file():
        return
    # What a run's directory, and its export/, are most probably meant to be; then anything one level down.
    places = ("export/saved_model", "saved_model", "*")
    inside = [found for place in places for found in sorted(directory.glob(f"{place}/{SAVED_MODEL_FILE}"))]
    meant = os.path.join(handle, inside[0].parent.relative_to(directory)) if inside else ""
    advice = f" Did you mean {meant!r}?" if inside else ""
    raise InputError(
        f"{handle!r} is no module: there is no {SAVED_MODEL_FILE} in it, but {_listed(directory)}.{advice}"
    )


def _listed(directory: pathlib.Path) -> str:
    names = sorted(entry.name + "/" * entry.is_dir() for entry in os.scandir(directory))
    more = len(names) - SHOWN_NAMES
    return ", ".join(names[:SHOWN_NAMES] + [f"{more} more"] * (more > 0)) or "nothing"


def _resolved_directory(directory: pathlib.Path, handle: str) -> Resolved:
    _check_is_module(directory, handle)
    is_tf1_hub = (directory / TF1_HUB_FILE).is_file()
    return Resolved("tf1_hub" if is_tf1_hub else "saved_model", str(directory))


def _unpacked(archive: pathlib.Path) -> pathlib.Path:
    """The module in an archive: at its top, or one folder down."""
    directory = user_cache_directory() / "modules" / files.file_hash(archive)
    if not directory.is_dir():
        _unpack(archive, directory)
    tops = [directory, *sorted(path for path in directory.iterdir() if path.is_dir())]
    return next((top for top in tops if (top / SAVED_MODEL_FILE).is_file()), directory)


def _unpack(archive: pathlib.Path, directory: pathlib.Path) -> None:
    try:
        with files.new_directory(directory) as partial, tarfile.open(archive, "r:gz") as tar:
            tar.extractall(partial, filter="data")
    except InputError:
        # Another run may have unpacked the same content meanwhile: then it is there, whole.
        if not directory.is_dir():
            raise
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{str(archive)!r} cannot be unpacked ({error}): fetch or pack it again.") from error


def _downloaded(url: str) -> pathlib.Path:
    # Only now: its import costs a second, needs an old setuptools, and few runs use a URL.
    import tensorflow_hub

    try:
        return pathlib.Path(tensorflow_hub.resolve(url))
    except (OSError, ValueError, tarfile.TarError) as error:
        raise InputError(
            f"{url!r} could not be downloaded ({error}): check the address and the connection, or download "
            f"the module elsewhere and give its directory."
        ) from error
