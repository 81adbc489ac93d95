"""Whether a verb may begin, or go on, in a run's directory; InputError where it may not."""

from collections.abc import Mapping, Sequence

from retrain.errors import InputError
from retrain.label_files import read_labels
from retrain.runs.run import FINISHED, NEW, SWEEP, UNFINISHED, Run, flag_lines
from retrain.settings.config import FIELDS, Config, to_flags
from retrain.settings.field import about

SHOWN_NAMES = 5


def check_may_run(run: Run, verb: str, config: Config, class_names: Sequence[str]) -> None:
    """InputError when `verb` can neither begin nor go on; `class_names` are those of the primary task."""
    if run.path.is_file():
        raise InputError(f"--model_dir={str(run)!r} is a file: name a new directory.")
    state = run.state
    if state == NEW or (verb == "sweep" and state == SWEEP):
        return
    _check_classes(run, class_names)
    if verb != "train" or state not in (UNFINISHED, FINISHED):
        raise InputError(
            f"--model_dir={str(run)!r} is not empty, and nothing is overwritten: name a new directory."
        )
    now = flag_lines(to_flags(config, "train"))
    changed = _changes(run.flags, now)
    if state == UNFINISHED and changed:
        raise InputError(
            f"--model_dir={str(run)!r} holds an unfinished run with other settings "
            f"({'; '.join(changed.values())}): give the same to go on, or name a new directory."
        )
    if state == FINISHED and not _is_longer(now, changed, run.steps_taken):
        raise InputError(_finished(run, now))


def _check_classes(run: Run, class_names: Sequence[str]) -> None:
    others = read_labels(run.path)
    if others and others != tuple(class_names):
        raise InputError(
            f"--model_dir={str(run)!r} holds a run with other classes ({', '.join(others[:SHOWN_NAMES])}"
            f"{', ...' if len(others) > SHOWN_NAMES else ''}): name a new directory."
        )


def _changes(was: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    """What to say of each flag that is not what it was."""
    return {
        name: f"--{name}: was {was.get(name, 'not given')}, is {now.get(name, 'not given')}"
        for name in dict.fromkeys([*was, *now])
        if was.get(name) != now.get(name)
    }


def _is_longer(now: Mapping[str, str], changed: Mapping[str, str], taken: int) -> bool:
    """Whether a finished run is asked to go on for more steps, with all else as it was."""
    others = [name for name in changed if name not in FIELDS or not about(FIELDS[name]).lengthens]
    return _may_be_longer(now) and not others and int(now.get("max_steps", 0)) > taken


def _may_be_longer(flags: Mapping[str, str]) -> bool:
    """A head on a frozen base is found anew in seconds, and not trained on."""
    return flags.get("fine_tune") == "true"


def _finished(run: Run, now: Mapping[str, str]) -> str:
    longer = f"a --max_steps above {run.steps_taken} trains on, with all other settings as they were; or "
    return (
        f"--model_dir={str(run)!r} holds a finished run: {longer if _may_be_longer(now) else ''}name a new "
        f"directory."
    )
