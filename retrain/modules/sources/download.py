"""Modules behind URLs, by tensorflow_hub, which keeps them in a cache of its own.

Its import costs a second and needs an old setuptools, and few runs use a URL: it is imported on use only.
"""

import pathlib
import tarfile

import tensorflow as tf
import tensorflow_hub

from retrain.errors import InputError


def download(url: str) -> pathlib.Path:
    """The directory of the module on this machine; InputError where the host does not give it."""
    try:
        return pathlib.Path(tensorflow_hub.resolve(url))
    # TensorFlow's are those of an archive with files in folders that it does not list: these are not made.
    except (OSError, ValueError, tarfile.TarError, tf.errors.OpError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise InputError(
            f"{url!r} could not be downloaded ({reason}): check the address and the connection, or download "
            f"the module elsewhere and give its .tar.gz or directory."
        ) from error
