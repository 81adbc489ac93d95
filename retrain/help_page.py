"""The page that --help prints: what the program does, its verbs, and the flags that one verb reads."""

import textwrap
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from retrain.settings.config import FIELDS, SECTIONS, read_by
from retrain.settings.field import about, as_text, choices_of

ABOUT = (
    "retrain turns a folder of images and a pretrained image module into a classifier, "
    "and exports it as a module that can be retrained again."
)
VERBS = {
    "train": ("--image_dir=DIR", "train a classifier on a folder of class folders (the default verb)"),
    "sweep": (
        "--image_dir=DIR [--sweep NAME=VALUES ...]",
        "find the flags of train that suit your images",
    ),
    "evaluate": ("--tfhub_module=RUN --image_dir=DIR", "measure an exported classifier on other images"),
    "predict": ("--tfhub_module=RUN FILE|DIR|PATTERN|- ...", "say what is on images, in a table; sort them"),
    "serve": ("--tfhub_module=RUN", "answer requests of programs, and show a page to drop pictures on"),
    "export": ("--model_dir=RUN --export_formats=FORMATS", "write further formats of what a run has trained"),
    "inspect": ("--tfhub_module=MODULE", "say what a module is, and whether it keeps the common promises"),
    "compare": (
        "RUN RUN ...|FOLDER",
        "say how runs differ, and whether one is better by more than chance",
    ),
}
GENERAL = {
    "--flagfile": "File of flags, one on each line; RUN/run.flags repeats a run.",
    "--verbosity=info": "How much is told on the way: debug, info, warning or error.",
    "--version": "Print the version.",
    "--help": "Print this page; after a verb, that of the verb.",
}


def help_page(verb: str, also: Mapping[str, str], width: int) -> str:
    """The page of `verb`, at most `width` columns wide; `also` says how else a field can be given."""
    sections = [*_head(verb, width)]
    told: set[str] = set()
    for section in SECTIONS.values():
        names = [name for name in read_by(verb) if name in section.__dataclass_fields__ and name not in told]
        if names:
            sections.append(_section(section.title, {_flag(n, verb): advice(n, also) for n in names}, width))
        told.update(names)
    sections.append(_section("Always", GENERAL, width))
    return "\n\n".join(sections) + "\n"


def _head(verb: str, width: int) -> Iterable[str]:
    yield textwrap.fill(ABOUT, width)
    calls = {f"python -m retrain {name} {usage}": what for name, (usage, what) in VERBS.items()}
    yield "\n".join(f"  {call}\n      {what}" for call, what in calls.items())
    yield f"Flags of {verb} (python -m retrain VERB --help shows those of another verb)"


def _section(title: str, entries: Mapping[str, str], width: int) -> str:
    return "\n".join([title, *(_entry(flag, text, width) for flag, text in entries.items())])


def _entry(flag: str, text: str, width: int, column: int = 32) -> str:
    lines = textwrap.wrap(text, max(width - column, 20), break_on_hyphens=False, break_long_words=False)
    first = f"  {flag}"
    if len(first) >= column:  # a line of its own
        return "\n".join([first, *(" " * column + line for line in lines)])
    return "\n".join(f"{first if i == 0 else '':{column}}{line}" for i, line in enumerate(lines))


def _flag(name: str, verb: str) -> str:
    default = FIELDS[name].default
    shown = default not in (None, ()) and default is not False and verb not in about(FIELDS[name]).required
    return f"--{name}={_short(default)}" if shown else f"--{name}"


def _short(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(map(_short, value))
    return f"{value:g}" if isinstance(value, float) else as_text(value)


def advice(name: str, also: Mapping[str, str] = MappingProxyType({})) -> str:
    """What a setting is for, its choices, and how else it can be given."""
    known = about(FIELDS[name])
    names = choices_of(known)
    choices = f" One of {', '.join(names)}." if names else ""
    return known.help + choices + (f" Also {also[name]}." if name in also else "")
