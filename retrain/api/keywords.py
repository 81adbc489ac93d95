"""The flags of a verb as keywords of a function: which there are, and their values.

A value is checked as the text that a flag would have, so that both roads have the same rules.
"""

import inspect
import os
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from retrain.errors import InputError
from retrain.help_page import advice
from retrain.names_elsewhere import advice_on, meant_by
from retrain.settings.config import FIELDS, Config, check, read_by
from retrain.settings.field import about, as_text, from_text
from retrain.settings.python_words import in_keywords

SEVERAL = (list, tuple, set, frozenset, dict)
OF_TERMINALS = ("json",)  # what decides only how the command line prints

HEADING = "Keywords, None for the default; a list or dict is what a flag has with commas between:"

Documented = TypeVar("Documented", bound=Callable[..., Any])


def with_keywords(verb: str) -> Callable[[Documented], Documented]:
    """Gives a function (..., **keywords) the signature and the help of one with every flag of the verb."""
    return with_settings(keywords_of(verb))


def with_settings(settings: Sequence[str]) -> Callable[[Documented], Documented]:
    """The same of these settings; of a class it is the constructor that takes them."""

    def document(of: Documented) -> Documented:
        function = of.__init__ if isinstance(of, type) else of
        own = [it for it in inspect.signature(function).parameters.values() if it.kind != it.VAR_KEYWORD]
        names = [name for name in settings if name not in [it.name for it in own]]
        every = sorted([*map(_parameter, names), *own], key=lambda it: it.kind)
        function.__signature__ = inspect.signature(function).replace(parameters=every)
        of.__doc__ = "\n".join([inspect.cleandoc(of.__doc__), "", HEADING, *map(_advice, settings)])
        return of

    return document


def keywords_of(verb: str) -> list[str]:
    """The names of the settings that are keywords of its function."""
    return [name for name in read_by(verb) if name not in OF_TERMINALS]


def config_of(verb: str, keywords: Mapping[str, Any]) -> Config:
    """The checked settings; None is the default.

    TypeError for what is no keyword, InputError for a value that cannot be meant.
    """
    for name in keywords:
        if name not in FIELDS or name in OF_TERMINALS:
            raise TypeError(f"retrain.{verb} has no keyword {name!r}: {_instead(name, verb)}")
    values = {name: _parsed(name, value) for name, value in keywords.items() if value is not None}
    config = Config.of(**values)
    check(config, verb, values)
    return config


def _instead(name: str, verb: str) -> str:
    if sentence := advice_on(name, keywords_of(verb)):
        return in_keywords(sentence)
    meant = meant_by(name, keywords_of(verb))
    return f"did you mean {meant!r}?" if meant else f"help(retrain.{verb}) lists them."


def _parameter(name: str) -> inspect.Parameter:
    """With the type, unless the value may be given in several."""
    field = FIELDS[name]
    of = inspect.Parameter.empty if about(field).parse or about(field).repeated else field.type
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=of)


def _advice(name: str) -> str:
    text = f"{name}: {in_keywords(advice(name))}"
    return textwrap.fill(text, 100, initial_indent="  ", subsequent_indent="    ")


def _parsed(name: str, value: Any) -> Any:
    field, flag = FIELDS[name], f"--{name}"
    if about(field).repeated:
        return tuple(from_text(field, text, flag) for text in _entries(value))
    if isinstance(value, SEVERAL) and about(field).parse is None:
        raise InputError(f"{flag} takes one value, but was given {value!r}.")
    return from_text(field, _text(value), flag)


def _text(value: Any) -> str:
    """The value as a flag has it; of a dict NAME:VALUE, with commas between."""
    if isinstance(value, Mapping):
        return ",".join(f"{key}:{_text(of)}" for key, of in value.items())
    if isinstance(value, SEVERAL):
        return ",".join(map(_text, value))
    return os.fspath(value) if isinstance(value, os.PathLike) else as_text(value)


def _entries(value: Any) -> list[str]:
    """What a flag is given several times: one text, several, or a dict of NAME -> values."""
    if isinstance(value, Mapping):
        return [f"{name}={_choices(of)}" for name, of in value.items()]
    return [*map(_text, value)] if isinstance(value, SEVERAL) else [_text(value)]


def _choices(value: Any) -> str:
    """A list of values; with semicolons where one of them holds commas itself."""
    texts = [*map(_text, value)] if isinstance(value, SEVERAL) else [_text(value)]
    return (";" if len(texts) > 1 and any("," in text for text in texts) else ",").join(texts)
