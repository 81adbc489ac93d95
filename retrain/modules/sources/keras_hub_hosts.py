"""Presets whose host cannot be reached: what its cache has of them, else one sentence, at once.

huggingface_hub would ask for each file anew, six times, with half a minute of pauses and a line for each.
"""

import contextlib
import os
import urllib.parse
from collections.abc import Iterator

import huggingface_hub
import requests
from huggingface_hub import constants
from huggingface_hub.errors import HFValidationError  # it and requests come with the extra `keras-hub`

from retrain.errors import InputError
from retrain.modules.sources.like_networks import alternative_to
from retrain.modules.sources.source import PRESET_FILE

HUGGING_FACE = "hf://"


def at_hand(preset: str, handle: str) -> str:
    """The preset or, where Hugging Face cannot be reached, its directory in the cache; else InputError."""
    if not preset.startswith(HUGGING_FACE):
        return preset
    try:
        cached = huggingface_hub.try_to_load_from_cache(preset.removeprefix(HUGGING_FACE), PRESET_FILE)
    except HFValidationError:
        return preset  # which KerasHub explains
    try:
        # Any answer is one.
        huggingface_hub.get_session().head(constants.ENDPOINT, timeout=constants.HF_HUB_ETAG_TIMEOUT)
    except Exception as error:  # each version of the library has another client
        if isinstance(cached, str):
            return os.path.dirname(cached)
        raise _unreachable(handle, urllib.parse.urlsplit(constants.ENDPOINT).hostname, error) from error
    return preset


@contextlib.contextmanager
def kaggle_reached(handle: str) -> Iterator[None]:
    """Within, an InputError says that Kaggle is not, where its cache has no such preset."""
    try:
        yield
    except (requests.ConnectionError, requests.Timeout) as error:
        raise _unreachable(handle, "Kaggle", error) from error


def _unreachable(handle: str, host: str, error: BaseException) -> InputError:
    return InputError(
        f"{handle!r} is not on this machine, and {host} cannot be reached ({_first(error)}): check "
        f"the connection, give the directory of a preset that was downloaded elsewhere, or take another: "
        f"{alternative_to(handle)}."
    )


def _first(error: BaseException) -> str:
    """What went wrong first, in the socket: others repeat it, at length."""
    while error.__context__ is not None:
        error = error.__context__
    return next(iter(str(error).splitlines()), type(error).__name__).rstrip(".")
