"""The directory of a run before TensorFlow is imported: whose it is, whether a run in it goes on, and how.

A run begins with run.flags and ends with metrics.json: between the two it is unfinished, and the same flags
continue it. While a process works in the directory it holds a lock on it, which dies with the process.
"""

import contextlib
import fcntl
import os
import pathlib
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence

from retrain.errors import InputError
from retrain.settings.config import Config, to_flags

RUN_FLAGS, METRICS, LABELS = "run.flags", "metrics.json", "labels.txt"
SWEEP_FLAGS = "sweep.flags"  # by it a sweep's directory is known, in which the sweep goes on
# What --dry_run, --find_learning_rate and a killed process leave is no run.
NO_RUN = re.compile(r"data_report\.json|learning_rates\..*|\..*\.partial")
CHECKPOINT = re.compile(r"ckpt-(\d+)")
LENGTH = ("max_steps", "train_epochs")
SHOWN_NAMES = 5


def check_run_directory(directory: str, verb: str, config: Config, class_names: Sequence[str]) -> None:
    """InputError when `verb` can neither begin nor go on in `directory`."""
    path = pathlib.Path(directory)
    if path.is_file():
        raise InputError(f"--model_dir={directory!r} is a file: name a new directory.")
    if not path.is_dir() or all(NO_RUN.fullmatch(name) for name in os.listdir(path)):
        return
    if verb == "sweep" and (path / SWEEP_FLAGS).is_file():
        return
    _check_classes(path, directory, class_names)
    was = flags_of_run(directory)
    if verb != "train" or was is None:
        raise InputError(
            f"--model_dir={directory!r} is not empty, and nothing is overwritten: name a new directory."
        )
    now = _lines(to_flags(config, "train"))
    changed = _changes(was, now)
    if not (path / METRICS).exists():
        _check_unfinished(directory, changed)
    elif not _is_longer(now, changed, steps_taken(directory)):
        raise InputError(_finished(directory, now))


def flags_of_run(directory: str) -> dict[str, str] | None:
    """The flags of the training run in `directory`, by name; None where there is no such run."""
    try:
        text = pathlib.Path(directory, RUN_FLAGS).read_text("utf-8")
    except FileNotFoundError:
        return None
    return _lines(text) if text.startswith("# python -m retrain train ") else None


def steps_taken(directory: str) -> int:
    """The step of the newest checkpoint, 0 without one."""
    return max((int(m[1]) for name in os.listdir(directory) if (m := CHECKPOINT.fullmatch(name))), default=0)


def how_to_go_on(directory: str) -> str:
    """What to type after an interruption."""
    if os.path.exists(os.path.join(directory, SWEEP_FLAGS)):
        command, name = "python -m retrain sweep", SWEEP_FLAGS
    elif flags_of_run(directory) is not None:
        command, name = "python -m retrain", RUN_FLAGS
    else:
        return "The same command begins again, with what features are in the cache."
    flagfile = shlex.quote(os.path.join(directory, name))
    return f"Go on with: {command} --flagfile={flagfile} --model_dir={shlex.quote(directory)}"


@contextlib.contextmanager
def claimed(directory: str, shared: bool = False) -> Iterator[None]:
    """Makes a run's directory, if it has one, and keeps other runs out; an empty one does not stay.

    In one that is `shared` many work at once.
    """
    if directory == "":
        yield
        return
    made = not os.path.isdir(directory)
    try:
        if made:
            os.makedirs(directory, exist_ok=shared)
    except FileExistsError:
        raise InputError(
            f"Another run, started just now, writes to {directory!r}: start again, or name a --model_dir."
        ) from None
    with contextlib.nullcontext() if shared else _locked(directory):
        try:
            yield
        finally:
            if made:
                with contextlib.suppress(OSError):
                    os.rmdir(directory)


@contextlib.contextmanager
def _locked(directory: str) -> Iterator[None]:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise InputError(
            f"Another run is at work in --model_dir={directory!r}: wait for its end, or name a new directory."
        ) from None
    except OSError:  # a file system without locks, as some network ones are
        pass
    try:
        yield
    finally:
        os.close(descriptor)


def _check_classes(path: pathlib.Path, directory: str, class_names: Sequence[str]) -> None:
    labels = path / LABELS
    others = labels.read_text("utf-8", "replace").splitlines() if labels.is_file() else []
    if others and others != list(class_names):
        raise InputError(
            f"--model_dir={directory!r} holds a run with other classes ({', '.join(others[:SHOWN_NAMES])}"
            f"{', ...' if len(others) > SHOWN_NAMES else ''}): name a new directory."
        )


def _lines(flags: str) -> dict[str, str]:
    pairs = (line.removeprefix("--").partition("=") for line in flags.splitlines() if line[:2] == "--")
    return {name: value for name, _, value in pairs}


def _changes(was: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    """What to say of each flag that is not what it was."""
    return {
        name: f"--{name}: was {was.get(name, 'not given')}, is {now.get(name, 'not given')}"
        for name in dict.fromkeys([*was, *now])
        if was.get(name) != now.get(name)
    }


def _check_unfinished(directory: str, changed: Mapping[str, str]) -> None:
    if changed:
        raise InputError(
            f"--model_dir={directory!r} holds an unfinished run with other flags "
            f"({'; '.join(changed.values())}): give the same to go on, or name a new directory."
        )


def _is_longer(now: Mapping[str, str], changed: Mapping[str, str], taken: int) -> bool:
    """Whether a finished run is asked to go on for more steps, with all else as it was."""
    return _may_be_longer(now) and not set(changed) - set(LENGTH) and int(now.get("max_steps", 0)) > taken


def _may_be_longer(flags: Mapping[str, str]) -> bool:
    """A head on a frozen base is found anew in seconds, and not trained on."""
    return flags.get("fine_tune") == "true"


def _finished(directory: str, now: Mapping[str, str]) -> str:
    longer = f"a --max_steps above {steps_taken(directory)} trains on, with all other flags as they were; or "
    return (
        f"--model_dir={directory!r} holds a finished run: {longer if _may_be_longer(now) else ''}name a new "
        f"directory."
    )
