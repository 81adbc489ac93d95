"""Any value of any setting, for the tests of what holds for all of them."""

import os
import re

from hypothesis import strategies as st

from retrain.settings import values as parsers
from retrain.settings.config import FIELDS
from retrain.settings.field import Bounds, about, choices_of, kind
from retrain.settings.values import SECONDS, SHARE, OfTask, Quantity

# A flag file is text, in whose lines white space at the ends does not count.
WORDS = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1)
# Any text of a setting of its own, in which there may be blanks and control characters.
TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\r\n"), min_size=1)
TEXTS = TEXTS.filter(lambda text: text == text.strip())
# What stands in a list with commas between.
ITEMS = WORDS.filter(lambda word: "," not in word)
STEPS = st.integers(1, 10**15).map(lambda steps: Quantity(float(steps)))


def amounts(unit: str) -> st.SearchStrategy:
    positive = st.floats(0.0, exclude_min=True, allow_infinity=False)
    return STEPS | positive.map(lambda number: Quantity(number, unit))


def by_task(said: st.SearchStrategy) -> st.SearchStrategy:
    pairs = st.lists(st.builds(OfTask, ITEMS, said), min_size=1, max_size=3, unique_by=lambda pair: pair.task)
    return pairs.map(tuple)


PARSED = {
    parsers.colour: st.sampled_from(["white", "black", "rebeccapurple", "#012", "#a0b1c2"]),
    parsers.names: st.lists(ITEMS, min_size=1, max_size=3, unique=True).map(tuple),
    parsers.pattern: WORDS.map(re.escape).map(re.compile),
    parsers.per_channel: st.tuples(*[st.floats(-1e9, 1e9)] * 3),
    parsers.per_channel_above_0: st.tuples(*[st.floats(1e-9, 1e9)] * 3),
    parsers.pixel_range: st.tuples(st.floats(-1e9, 0.0), st.floats(1.0, 1e9)),
    parsers.steps_or_seconds: amounts(SECONDS),
    parsers.steps_or_share: amounts(SHARE),
    parsers.separator: WORDS | st.sampled_from(list(parsers.SEPARATOR_WORDS)),
    parsers.task_kinds: by_task(ITEMS.filter(lambda word: ":" not in word) | st.just("")),
    parsers.task_weights: by_task(st.floats(0.0, allow_infinity=False)),
    parsers.two_steps: st.tuples(st.integers(0, 99), st.integers(100, 10**9)),
}


def numbers(of: type, bounds: Bounds) -> st.SearchStrategy:
    if of is int:
        return st.integers(bounds.low, bounds.high)
    low = bounds.above if bounds.low is None else bounds.low
    high = bounds.below if bounds.high is None else bounds.high
    return st.floats(low, high, allow_nan=False, allow_infinity=False).filter(bounds.hold)


def values(name: str) -> st.SearchStrategy:
    """Values that may be given to the setting, by itself."""
    field = FIELDS[name]
    known, of, choices = about(field), kind(field), choices_of(about(field))
    if choices:
        one = st.sampled_from(choices)
        return st.lists(one, min_size=1, unique=True).map(tuple) if known.parse is parsers.names else one
    if known.parse:
        return PARSED[known.parse]
    if known.repeated:
        return st.lists(TEXTS, min_size=1, max_size=3).map(tuple)
    if known.path:
        return TEXTS.map(lambda text: os.path.abspath("/" + text))
    if of is bool:
        return st.booleans()
    return TEXTS if of is str else numbers(of, known.bounds or Bounds())


def any_of(names: list[str]) -> st.SearchStrategy[dict]:
    """Values of some of the settings, which may contradict each other."""
    return st.fixed_dictionaries({}, optional={name: values(name) for name in names})
