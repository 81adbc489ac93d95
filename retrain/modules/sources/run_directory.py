"""A directory that a run or an evaluation wrote, and that has no module, where one is expected: what to do.

It holds a config.json, as a preset does, and is told from one by its run.flags.
"""

import os
import pathlib
import shlex

RUN_FLAGS, METRICS, EXPORTS = "run.flags", "metrics.json", "exports.json"
OF_EVALUATION = b"# python -m retrain evaluate "


def is_run(location: str) -> bool:
    """Whether a run, or an evaluation, has begun in this directory."""
    return os.path.isfile(os.path.join(location, RUN_FLAGS))


def why_no_module(handle: str, location: str) -> str:
    """The sentence about a run, or an evaluation, from which no module can be taken."""
    directory = pathlib.Path(location)
    if (directory / RUN_FLAGS).read_bytes().startswith(OF_EVALUATION):
        return (
            f"{handle!r} is an evaluation, in which there is no module: name the one that it judged, which "
            f"its {RUN_FLAGS} says as --tfhub_module."
        )
    if not all((directory / name).is_file() for name in (METRICS, EXPORTS)):
        return (
            f"{handle!r} is a run that has not ended, and has no module yet: let "
            f"{_command(location)} --model_dir={shlex.quote(location)} go on first."
        )
    exports = sorted(path.name for path in directory.glob("export/[!.]*"))
    return (
        f"{handle!r} is a run without a module among its exports ({', '.join(exports) or 'none'}): train "
        f"again by {how_to_train_again(location)} and name the new run."
    )


def how_to_train_again(location: str) -> str:
    """The command that repeats a run in a new directory, with a module to export."""
    return f"{_command(location)} --export_formats=saved_model"


def _command(location: str) -> str:
    return f"python -m retrain --flagfile={shlex.quote(os.path.join(location, RUN_FLAGS))}"
