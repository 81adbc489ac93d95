"""What can be known of modules, and of settings without effect on them, before TensorFlow is imported."""

import os
from collections.abc import Sequence

from absl import logging

from retrain.errors import InputError
from retrain.modules.sources.source import Source, source_of
from retrain.settings.config import check_read
from retrain.settings.needs import Circumstances


def check_modules(at: Circumstances, handles: Sequence[str] = ()) -> None:
    """InputError for a handle that names no module, and for a setting that has no effect.

    `handles` are those of a sweep over modules.
    """
    module = at.config.module
    sources = [source_of(handle) for handle in handles or [module.tfhub_module]]
    for source in sources:
        source.check()
        if source.location != os.path.expanduser(source.handle):
            logging.info("%r is a run: its export is taken, %r.", source.handle, source.location)
    # What --warm_start_from brings may be of any source.
    reads = frozenset().union(*(source.reads for source in sources)) if not module.warm_start_from else None
    check_read(at._replace(module_reads=reads))
    _check_trained(at, sources)


def local_directory(handle: str) -> str | None:
    """The directory of a module that lies on this machine already; None of any other."""
    location = source_of(handle).location
    return location if os.path.isdir(location) else None


def _check_trained(at: Circumstances, sources: Sequence[Source]) -> None:
    untrainable = [source.handle for source in sources if not source.can_be_trained]
    fine_tunes = at.config.pixels.fine_tune and "fine_tune" not in at.varied
    if untrainable and fine_tunes and not at.config.module.warm_start_from:
        raise InputError(nothing_to_train(untrainable[0]))


def nothing_to_train(handle: str) -> str:
    """What to say of a module without variables."""
    return (
        f"--fine_tune trains the variables of a module, and {handle!r} has none that can be trained: leave "
        f"it out, or use another module."
    )
