"""What --warm_start_from names, an exported classifier or a checkpoint of a run: without TensorFlow."""

import os
import pathlib
from typing import NamedTuple

from retrain.errors import InputError
from retrain.export.assets import check_is_classifier
from retrain.runs.run_directory import CHECKPOINT, flags_of_run, steps_taken

EXPORTS = ("export/saved_model", "export/hub_module")
PREFIX, INDEX = "variables", ".index"


class Source(NamedTuple):
    """The handle of an exported classifier; or else a run's directory, and the path of its checkpoint."""

    export: str = ""
    run: str = ""
    checkpoint: str = ""


def find_source(given: str) -> Source:
    """The export of a finished run, the newest checkpoint of another, or what is named itself."""
    path = pathlib.Path(given)
    if (path / "saved_model.pb").is_file():
        check_is_classifier(given, given)
        return Source(given)
    if CHECKPOINT.fullmatch(path.name) and (path / f"{PREFIX}{INDEX}").is_file():
        return _checkpoint(given, path.parent, path / PREFIX)
    if path.with_name(path.name + INDEX).is_file():
        return _checkpoint(given, path.parent.parent, path)
    if flags_of_run(given) is not None:
        return _newest_of_run(given, path)
    what = "is none of these" if path.exists() else "does not exist"
    raise InputError(
        f"--warm_start_from={given!r} {what}: name the directory of a run, one of its checkpoints, such as "
        f"RUN/ckpt-100, or an exported classifier."
    )


def _checkpoint(given: str, run: pathlib.Path, checkpoint: pathlib.Path) -> Source:
    if flags_of_run(str(run)) is None:
        raise InputError(
            f"--warm_start_from={given!r} is a checkpoint, but not in the directory of its run, where "
            f"run.flags would say which module it is of: name it there."
        )
    return Source("", str(run), str(checkpoint))


def _newest_of_run(given: str, run: pathlib.Path) -> Source:
    exports = [str(run / name) for name in EXPORTS if (run / name).is_dir()]
    if exports:
        return Source(exports[0])
    checkpoint = run / f"ckpt-{steps_taken(given)}" / PREFIX
    if not os.path.exists(f"{checkpoint}{INDEX}"):
        raise InputError(
            f"The run --warm_start_from={given!r} has neither exports nor checkpoints: let it go on first."
        )
    return Source("", given, str(checkpoint))
