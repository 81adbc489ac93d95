"""Sentences that speak of flags and commands, said as they are meant in Python: of keywords and calls.

`--image_dir='a'` becomes `image_dir='a'`, `--fine_tune` becomes `fine_tune=True`, and
`python -m retrain predict --tfhub_module=RUN PICTURE.jpg` becomes
`retrain.predict('PICTURE.jpg', tfhub_module='RUN')`.
"""

import contextlib
import logging
import re
import shlex
from collections.abc import Callable, Collection, Iterator

import absl.logging

from retrain.errors import InputError
from retrain.printable import worded
from retrain.settings.config import FIELDS
from retrain.settings.field import kind

FLAG = re.compile(r"--(?P<name>[a-z]\w*)(?:(?P<equals>=)(?P<truth>(?:true|false)\b)?)?(?P<takes> takes )?")
FLAG_AND_VALUE = re.compile(r"--(?P<name>[a-z]\w*)(?:=(?P<value>'[^']*'|[^\s;)]*[^\s;),.:]))?")
# Of the verbs that are functions; one that stands before a flag is a command as well.
VERB = r"(?P<verb>train|sweep|evaluate|predict|export|inspect|compare)\b"
VALUE = r"(?:'[^']*'|\"[^\"]*\"|[^\s'\"])+"  # as a shell quotes it
FLAGS = rf"(?P<flags>(?: --\w+(?:={VALUE})?)*)"
WORDS = r"(?P<words>(?: [A-Z]+(?:\.\w+)?\b)*)"  # RUN, or PICTURE.jpg
COMMAND = re.compile(
    rf"\b(?:(?:python -m retrain )?{VERB}(?= --| [A-Z])|python -m retrain(?= --)){FLAGS}{WORDS}"
)
ONLY_TYPED = re.compile(rf"python -m retrain --flagfile={VALUE}$")  # no function repeats a run
SAME_COMMAND = re.compile(r"\b(?P<the>[Tt]he) same command\b")
VERBOSITY, FLAGFILE = "verbosity", "flagfile"  # flags of every verb that are no settings
TRUE_OR_FALSE = {"true": True, "false": False}


def in_keywords(text: str) -> str:
    """The text with keywords for flags, calls for commands, and without a line that only repeats a run."""
    lines = [line for line in text.split("\n") if not ONLY_TYPED.search(line)]
    called = COMMAND.sub(_call, SAME_COMMAND.sub(r"\g<the> same call", "\n".join(lines)))
    return FLAG.sub(_keyword, called)


def arguments_of(taken: Collection[str]) -> Callable[[str], str]:
    """Says of flags that are no arguments where a module is taken which function has them."""

    def there(flag: re.Match[str]) -> str:
        return flag[0] if flag["name"] in taken else _of_load_module(flag)

    return lambda text: in_keywords(FLAG_AND_VALUE.sub(there, text))


@contextlib.contextmanager
def said_in_python(words: Callable[[str], str] = in_keywords) -> Iterator[None]:
    """Within, all that is logged, printed with `say`, or said by an InputError is put so."""
    logger = absl.logging.get_absl_logger()

    def reword(record: logging.LogRecord) -> bool:
        record.msg, record.args = words(record.getMessage()), ()
        return True

    logger.addFilter(reword)
    try:
        with worded(words):
            yield
    except InputError as error:
        raise type(error)(words(str(error))) from error.__cause__
    except KeyboardInterrupt as interrupt:
        interrupt.__notes__ = [*map(words, getattr(interrupt, "__notes__", ()))]
        raise
    finally:
        logger.removeFilter(reword)


def _call(command: re.Match[str]) -> str:
    flags = [flag.removeprefix("--").partition("=") for flag in shlex.split(command["flags"])]
    given = {name: repr(text) if equals else True for name, equals, text in flags}
    keywords = [f"{name}={value}" for name, value in given.items() if name != FLAGFILE]
    if FLAGFILE in given:
        return f"the same call with {', '.join(keywords)}"
    words = [repr(word) for word in command["words"].split()]
    return f"retrain.{command['verb'] or 'train'}({', '.join([*words, *keywords])})"


def _keyword(flag: re.Match[str]) -> str:
    name, equals, truth, takes = flag["name"], flag["equals"], flag["truth"], flag["takes"]
    off = name.removeprefix("no")
    if name not in (*FIELDS, VERBOSITY):
        return flag[0].replace(f"--{name}", f"{off}=False") if off in FIELDS else flag[0]
    if name == VERBOSITY:
        return f"{name}="
    if kind(FIELDS[name]) is bool and not takes:
        return f"{name}={TRUE_OR_FALSE.get(truth, True) if truth or not equals else ''}"
    return f"{name}={truth or ''}{takes or ''}"


def _of_load_module(flag: re.Match[str]) -> str:
    name, value = flag["name"], flag["value"]
    if name not in FIELDS:
        return flag[0]
    if kind(FIELDS[name]) is bool:
        value = TRUE_OR_FALSE.get(value, True)
    elif value and value[0] != "'":
        value = repr(value)
    return f"retrain.load_module(..., {name}={value or '...'})"
