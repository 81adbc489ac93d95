"""Modules behind URLs, by tensorflow_hub, which keeps them in a cache of its own.

Its import costs a second and needs an old setuptools, and few runs use a URL: it is imported on use only.
"""

import contextlib
import logging
import pathlib
import tarfile
from collections.abc import Iterator
from typing import Any

import tensorflow as tf
import tensorflow_hub
from absl.logging import get_absl_logger
from tensorflow_hub.compressed_module_resolver import HttpCompressedFileResolver
from tqdm.utils import CallbackIOWrapper

from retrain.errors import InputError
from retrain.progress import download_bar


def download(url: str) -> pathlib.Path:
    """The directory of the module on this machine; InputError where the host does not give it."""
    try:
        with contextlib.ExitStack() as open_bars:
            resolver = _ToldResolver(open_bars)
            resolve = resolver if resolver.is_supported(url) else tensorflow_hub.resolve
            return pathlib.Path(resolve(url))
    # TensorFlow's are those of an archive with files in folders that it does not list: these are not made.
    except (OSError, ValueError, tarfile.TarError, tf.errors.OpError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise InputError(
            f"{url!r} could not be downloaded ({reason}): check the address and the connection, or download "
            f"the module elsewhere and give its .tar.gz or directory."
        ) from error


class _ToldResolver(HttpCompressedFileResolver):
    """The library's own, which tells by a bar how much of an answer has come."""

    def __init__(self, open_bars: contextlib.ExitStack):
        super().__init__()
        self._open_bars = open_bars

    def _call_urlopen(self, request: Any) -> Any:
        answer = self._open_bars.enter_context(contextlib.closing(super()._call_urlopen(request)))
        self._open_bars.enter_context(_without_lines_of_the_library())
        advance = self._open_bars.enter_context(download_bar(answer.length, "Downloading"))
        return CallbackIOWrapper(advance, answer, "read")


@contextlib.contextmanager
def _without_lines_of_the_library() -> Iterator[None]:
    """It logs how many bytes have come, but not of how many."""

    def is_not_its(record: logging.LogRecord) -> bool:
        return "tensorflow_hub" not in record.pathname

    logger = get_absl_logger()
    logger.addFilter(is_not_its)
    try:
        yield
    finally:
        logger.removeFilter(is_not_its)
