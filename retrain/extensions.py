"""Extension tables: plain dicts, name -> "package.module:attribute", whose rows are imported on use.

Listing and checking names therefore imports nothing heavy. The tables stand in the folders they describe.
"""

import difflib
import importlib
from collections.abc import Iterable, Mapping
from typing import Any

from retrain.errors import InputError


def load(table: Mapping[str, str], name: str, what: str) -> Any:
    """The thing behind the row `name`; `what` says what the table holds ("export format")."""
    if name not in table:
        raise InputError(unknown_name(name, table, what))
    return named(table[name])


def named(dotted_name: str) -> Any:
    """The thing that is called "package.module:attribute"."""
    module, _, attribute = dotted_name.partition(":")
    return getattr(importlib.import_module(module), attribute)


def unknown_name(name: str, names: Iterable[str], what: str, meant: str | None = None) -> str:
    """The sentence for a name that is not in the table; `meant` is the one that was, or else the nearest."""
    advice = meant or nearest(name, names)
    return f"{name!r} is no {what}: choose from {', '.join(names)}" + (
        f"; did you mean {advice!r}?" if advice else "."
    )


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The one of `names` that was probably meant, or None when nothing is close."""
    close = difflib.get_close_matches(name, list(names), n=1)
    return close[0] if close else None
