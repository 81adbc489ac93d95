"""What can be known of modules, and of settings without effect on them, before TensorFlow is imported."""

import os
import re
from collections.abc import Sequence

from absl import logging

from retrain.errors import InputError
from retrain.exporters.assets import check_is_classifier
from retrain.modules.sources.embedded import BUILTIN, GRADIENTS, USUAL, best, why_not
from retrain.modules.sources.fetched_sources import FetchedSource
from retrain.modules.sources.source import Source, source_of
from retrain.settings.config import Config, check_read, read_by
from retrain.settings.module import ModuleSettings
from retrain.settings.needs import Circumstances

VARIED = "tfhub_module="
IN_A_SWEEP = re.compile(rf"(?<=^{VARIED}){BUILTIN}(?=[,;]|$)|(?<=[,;]){BUILTIN}(?=[,;]|$)")


def named_in_full(config: Config) -> Config:
    """The settings with the module that `builtin:` means here, so that a run repeats anywhere."""
    module, entries = config.module, config.sweep.sweep
    if any(map(IN_A_SWEEP.search, entries)):
        meant = best()
        return config.replaced(sweep=tuple(IN_A_SWEEP.sub(meant, entry) for entry in entries))
    varied = any(entry.startswith(VARIED) for entry in entries)
    if varied or module.warm_start_from is not None or module.tfhub_module != BUILTIN:
        return config
    return config.replaced(tfhub_module=best())


def log_embedded() -> None:
    """Tells what `builtin:` means here, and of gradients why it is no network."""
    meant = best()
    reason = f". {why_not(USUAL)}" if meant == GRADIENTS else ", the best embedded module that is installed."
    logging.info("%s is %s%s", BUILTIN, meant, reason)


def label_map_of(module: ModuleSettings) -> str | None:
    """The file of the classes that the module was published with: the user's, or the one it comes with."""
    return module.label_map or source_of(module.tfhub_module).label_map


def check_modules(at: Circumstances, handles: Sequence[str] = ()) -> None:
    """InputError for a handle that names no module, and for a setting that has no effect.

    `handles` are those of a sweep over modules.
    """
    module = at.config.module
    sources = [source_of(handle) for handle in handles or [module.tfhub_module]]
    for source in sources:
        source.check()
        # Which export is taken where there are engines is told with the engine.
        if "engine" not in read_by(at.verb) and source.location != os.path.expanduser(source.handle):
            logging.info("%r is a run: what it exported is taken, %r.", source.handle, source.location)
    # What --warm_start_from brings may be of any source.
    reads = frozenset().union(*(source.reads for source in sources)) if not module.warm_start_from else None
    check_read(at._replace(module_reads=reads))
    _check_known_classes(module, sources)
    _check_trained(at, sources)


def _check_known_classes(module: ModuleSettings, sources: Sequence[Source]) -> None:
    if module.warm_start_head and not all(module.label_map or source.label_map for source in sources):
        raise InputError(
            "--warm_start_head needs --label_map: a text file of the module's own classes, one a line."
        )


def local_directory(handle: str) -> str | None:
    """The directory of a module that lies on this machine already; None of any other."""
    location = source_of(handle).location
    return location if os.path.isdir(location) else None


def local_classifier(handle: str) -> str | None:
    """The directory of an exported classifier; None of what is elsewhere, or packed, and has to be fetched.

    InputError where there is none.
    """
    directory = local_directory(handle)
    if directory is None and isinstance(source_of(handle), FetchedSource):
        return None
    check_is_classifier(directory or "", handle)
    return directory


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
