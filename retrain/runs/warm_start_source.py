"""What --warm_start_from names, an exported classifier or a checkpoint of a run: without TensorFlow."""

import os
import pathlib
from typing import NamedTuple

from retrain.errors import InputError
from retrain.exporters.assets import check_is_classifier
from retrain.modules.sources.fetched_sources import Archive
from retrain.modules.sources.source import DEFAULTS, module_directory
from retrain.runs.run import CHECKPOINT, Run
from retrain.settings.module import ModuleSettings

PREFIX, INDEX = "variables", ".index"


class WarmStartSource(NamedTuple):
    """What the user `named`: an export, or a run and the path of its checkpoint."""

    named: str
    export: str = ""
    run: Run | None = None
    checkpoint: str = ""


def find_source(given: str, settings: ModuleSettings = DEFAULTS) -> WarmStartSource:
    """The export of a run, the newest checkpoint of another, or what is named itself, unpacked."""
    path = pathlib.Path(given)
    if export := module_directory(_unpacked(given, settings)):
        check_is_classifier(export, given)
        return WarmStartSource(given, export)
    if CHECKPOINT.fullmatch(path.name) and (path / f"{PREFIX}{INDEX}").is_file():
        return _checkpoint(given, path.parent, path / PREFIX)
    if path.with_name(path.name + INDEX).is_file():
        return _checkpoint(given, path.parent.parent, path)
    if Run(given).flags is not None:
        return _newest_checkpoint(Run(given))
    what = "is none of these" if path.exists() else "does not exist"
    raise InputError(
        f"--warm_start_from={given!r} {what}: name the directory of a run, one of its checkpoints, such as "
        f"RUN/ckpt-100, or an exported classifier."
    )


def _unpacked(given: str, settings: ModuleSettings) -> str:
    """The directory with the module in an archive; what is none itself."""
    is_archive = given.endswith(Archive.suffixes) and os.path.isfile(given)
    return str(Archive(given, given).fetched(settings).files) if is_archive else given


def _checkpoint(given: str, directory: pathlib.Path, checkpoint: pathlib.Path) -> WarmStartSource:
    run = Run(directory)
    if run.flags is None:
        raise InputError(
            f"--warm_start_from={given!r} is a checkpoint, but not in the directory of its run, where "
            f"run.flags would say which module it is of: name it there."
        )
    return WarmStartSource(given, run=run, checkpoint=str(checkpoint))


def _newest_checkpoint(run: Run) -> WarmStartSource:
    checkpoint = run.path / f"ckpt-{run.steps_taken}" / PREFIX
    if not os.path.exists(f"{checkpoint}{INDEX}"):
        raise InputError(
            f"The run --warm_start_from={str(run)!r} has neither exports nor checkpoints: let it go on first."
        )
    return WarmStartSource(str(run), run=run, checkpoint=str(checkpoint))
