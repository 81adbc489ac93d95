"""Modules behind URLs, by tensorflow_hub, which keeps them in a cache of its own.

Its import costs a second and needs an old setuptools, and few runs use a URL: it is imported on use only.
"""

import contextlib
import hashlib
import http.client
import logging
import os
import pathlib
import shutil
import socket
import tarfile
import tempfile
from collections.abc import Iterator
from typing import Any, BinaryIO

import tensorflow as tf
import tensorflow_hub
from absl.logging import get_absl_logger
from tensorflow_hub import resolver as hub_resolver
from tensorflow_hub.compressed_module_resolver import HttpCompressedFileResolver
from tqdm.utils import CallbackIOWrapper

from retrain.errors import InputError
from retrain.modules.sources.archive_members import looked_at
from retrain.modules.sources.gzip_check import GZIP_ERRORS, check_gzip
from retrain.modules.sources.like_networks import alternative_to
from retrain.modules.sources.silent_hosts import not_waited_for, silence, was_silent
from retrain.progress import download_bar


def download(url: str, max_gb: float) -> pathlib.Path:
    """The directory of the module on this machine; InputError where the host gives none, or more GiB."""
    try:
        with contextlib.ExitStack() as opened, not_waited_for():
            resolver = _ToldResolver(opened, url, max_gb)
            resolve = resolver if resolver.is_supported(url) else tensorflow_hub.resolve
            return pathlib.Path(resolve(url))
    except InputError:
        raise
    # TensorFlow's are those of an archive with files in folders that it does not list: these are not made.
    except (OSError, ValueError, http.client.HTTPException, tf.errors.OpError, *GZIP_ERRORS) as error:
        raise InputError(
            f"{url!r} could not be downloaded ({_reason(error)}): check the address and the connection, "
            f"download the module elsewhere and give its .tar.gz or directory, or take another: "
            f"{alternative_to(url)}."
        ) from error


def _reason(error: Exception) -> str:
    """Its first line; of what is no answer of HTTP, which says little by itself, its kind, too."""
    if isinstance(error, http.client.IncompleteRead):
        return "the answer was cut short"
    if was_silent(error):
        return silence()
    text = repr(error) if isinstance(error, http.client.HTTPException) else str(error)
    return next(iter(text.splitlines()), type(error).__name__).rstrip(".")


class _ToldResolver(HttpCompressedFileResolver):
    """The library's own, which tells by a bar how much of an answer has come."""

    def __init__(self, opened: contextlib.ExitStack, url: str, max_gb: float):
        super().__init__()
        self._opened, self._url, self._max_gb = opened, url, max_gb

    def __call__(self, url: str) -> str:
        _remove_what_was_killed(url)
        return super().__call__(url)

    def _call_urlopen(self, request: Any) -> BinaryIO:
        """All of the answer: the library does not look at the checksum, which stands at its end."""
        self._opened.enter_context(_without_lines_of_the_library())
        content = tempfile.TemporaryFile()  # noqa: SIM115, closed with the others
        self._opened.enter_context(content)
        with (
            contextlib.closing(super()._call_urlopen(request)) as answer,
            download_bar(answer.length, "Downloading") as advance,
        ):
            shutil.copyfileobj(CallbackIOWrapper(advance, answer, "read"), content)
        if answer.length:
            raise http.client.IncompleteRead(b"", answer.length)
        self._look_at_members(content)
        check_gzip(content)
        return content

    def _look_at_members(self, content: BinaryIO) -> None:
        """Before the library unpacks them; of what is no archive it says so itself."""
        content.seek(0)
        with contextlib.suppress(tarfile.ReadError), tarfile.open(fileobj=content) as tar:
            for _ in looked_at(tar, self._url, self._max_gb):
                pass


def _remove_what_was_killed(url: str) -> None:
    """For the lock of a process that is no more the library waits for twenty minutes."""
    cache = pathlib.Path(hub_resolver.tfhub_cache_dir(use_temp=True))
    name = hashlib.sha1(url.encode()).hexdigest()
    lock = cache / f"{name}.lock"
    try:
        host, process, download_id = lock.read_text().rsplit(".", maxsplit=2)
    except (FileNotFoundError, ValueError):
        return
    if host == socket.gethostname() and not _runs(int(process)):
        shutil.rmtree(cache / f"{name}.{download_id}.tmp", ignore_errors=True)
        lock.unlink(missing_ok=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


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
