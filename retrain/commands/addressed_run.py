"""A verb whose --model_dir is an address: it works in a directory on this machine, which is copied there."""

import contextlib
import os
import pathlib
import shlex
import tempfile
from collections.abc import Iterator

from retrain.addresses import is_address
from retrain.cache_directory import user_cache_directory
from retrain.errors import InputError
from retrain.runs.copied_run import CopiedRun, made_here
from retrain.settings.config import Config
from retrain.workers.cluster import planned_cluster


@contextlib.contextmanager
def on_this_machine(config: Config) -> Iterator[Config]:
    """Yields the settings with such a directory; what the verb says of it is said of the address."""
    address = config.results.model_dir
    if address is None or not is_address(address):
        yield config
        return
    if planned_cluster(config.distribution.distribution, os.environ) is not None:
        raise InputError(
            f"--model_dir={address!r} is an address, but several workers need a directory that all of them "
            "see as a path: mount what it leads to, or name a directory on a disk that they share."
        )
    with contextlib.ExitStack() as opened:
        cache = user_cache_directory() or pathlib.Path(opened.enter_context(tempfile.TemporaryDirectory()))
        here = str(opened.enter_context(_copied(address, cache)))
        try:
            yield config.replaced(model_dir=here)
        except InputError as error:
            error.args = (str(error).replace(here, address),)
            raise
        except KeyboardInterrupt as interrupt:
            for place, note in enumerate(getattr(interrupt, "__notes__", ())):
                said = f"--model_dir={shlex.quote(here)}"
                interrupt.__notes__[place] = note.replace(said, f"--model_dir={shlex.quote(address)}")
            raise


@contextlib.contextmanager
def _copied(address: str, cache: pathlib.Path) -> Iterator[pathlib.Path]:
    run = CopiedRun(address, cache)
    try:
        with made_here(run) as directory:
            yield directory
    except OSError as error:
        if not str(error.filename).startswith(run.address):
            raise
        raise InputError(
            f"--model_dir={address!r} could not be written to ({error.strerror}): the run is in "
            f"{str(run.directory)!r}, and the same command copies it once the address can be reached."
        ) from error
