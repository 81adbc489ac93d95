import pathlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrain.errors import InputError
from retrain.settings.config import FIELDS, Config
from retrain.settings.field import about, as_text, kind
from retrain.settings.values import OfTask
from retrain.studies.ranges import Choices, Range
from retrain.studies.space import DEFAULT, check_space, grid_axes, parse_space, sampler_for, trial_count

KIND = OfTask("kind", "softmax")
ROOT = pathlib.Path(__file__).parents[2]


def sentence(*entries: str) -> str:
    with pytest.raises(InputError) as raised:
        parse_space(entries)
    return str(raised.value)


def read(entry: str) -> dict | str:
    """The space, or the sentence that says why there is none."""
    try:
        return parse_space([entry])
    except InputError as error:
        return str(error)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("learning_rate=1e-4..1e-1", Range(1e-4, 1e-1, log=True)),
        ("learning_rate=0.01..0.1", Range(0.01, 0.1, log=False)),
        ("learning_rate=0.01..0.2", Range(0.01, 0.2, log=True)),
        ("learning_rate=lin:1e-4..1e-1", Range(1e-4, 1e-1, log=False)),
        ("learning_rate=log:0.01..0.02", Range(0.01, 0.02, log=True)),
        ("label_smoothing=0..0.2", Range(0.0, 0.2, log=False)),
        ("batch_size=16..64", Range(16, 64, log=False)),
        ("max_steps=100..5000", Range(100, 5000, log=True)),
        ("dropout_rate=0,0.2, 0.5", Choices((0.0, 0.2, 0.5))),
        ("learning_rate=1e-3..1e-1/3", Choices((0.001, 0.01, 0.1))),
        ("dropout_rate=0..0.6/4", Choices((0.0, 0.2, 0.4, 0.6))),
        ("batch_size=10..30/3", Choices((10, 20, 30))),
        ("class_weights=none,balanced", Choices(("none", "balanced"))),
        ("head=softmax,sigmoid", Choices(("softmax", "sigmoid"))),
        ("fine_tune_from=Conv;Dense", Choices((re.compile("Conv"), re.compile("Dense")))),
        ("fine_tune=false,true", Choices((False, True))),
        ("tfhub_module=builtin:,keras:MobileNetV3Small,/my/..module", None),
        (
            "tasks=kind:softmax;kind:softmax,tags:sigmoid",
            Choices(((KIND,), (KIND, OfTask("tags", "sigmoid")))),
        ),
    ],
)
def test_what_a_flag_may_be(entry, expected):
    name = entry.partition("=")[0]
    expected = expected or Choices(("builtin:", "keras:MobileNetV3Small", "/my/..module"))
    assert parse_space([entry]) == {name: expected}


def test_a_path_may_begin_with_the_home_directory(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    assert parse_space(["tfhub_module=builtin:,~/m"])["tfhub_module"] == Choices(("builtin:", "/home/me/m"))


def test_flags_keep_their_order():
    assert list(parse_space(["label_smoothing=0,0.1", "dropout_rate=0,0.5"])) == [
        "label_smoothing",
        "dropout_rate",
    ]


def test_the_default_space_is_that_of_the_flag_file():
    lines = (ROOT / "flags" / "sweep.flags").read_text().splitlines()
    assert tuple(line.removeprefix("--sweep=") for line in lines if line.startswith("--sweep=")) == DEFAULT
    assert parse_space(()) == parse_space(DEFAULT)


SWEPT = [name for name in FIELDS if about(FIELDS[name]).sweep]


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        (
            ["dropout_rate"],
            "--sweep='dropout_rate' says nothing of what to try: write a setting and its values, such as "
            "dropout_rate=0,0.2,0.5 or learning_rate=1e-4..1e-1.",
        ),
        (
            ["learning_rat=0,1"],
            f"'learning_rat' is no setting that a sweep may vary: choose from {', '.join(SWEPT)}; "
            "did you mean 'learning_rate'?",
        ),
        (
            ["image_dir=a,b"],
            f"--image_dir is the same for all trials of a sweep; it may vary {', '.join(SWEPT)}.",
        ),
        (
            ["dropout_rate=0,0.5", "dropout_rate=0..0.5"],
            "--sweep gives dropout_rate twice: give all that it may be at once.",
        ),
        (
            ["learning_rate=0.1..0.01"],
            "--sweep learning_rate=0.1..0.01 is an empty range: write the lower end first, and a higher one.",
        ),
        (
            ["batch_size=8..8"],
            "--sweep batch_size=8..8 is an empty range: write the lower end first, and a higher one.",
        ),
        (
            ["learning_rate=0..0.1"],
            "--learning_rate=0.0 is out of range: it must be above 0.",
        ),
        (["dropout_rate=0,1"], "--dropout_rate=1.0 is out of range: it must be at least 0 and below 1."),
        (["dropout_rate=0..1"], "--dropout_rate=1.0 is out of range: it must be at least 0 and below 1."),
        (
            ["class_weights=none,balance"],
            "'balance' is no value of --class_weights: choose from none, balanced; did you mean 'balanced'?",
        ),
        (["dropout_rate=0,high"], "--sweep dropout_rate takes a number, but was given 'high'."),
        (["batch_size=1.5..4"], "--sweep batch_size takes a whole number, but was given '1.5'."),
        (["learning_rate=1e-3..inf"], "--sweep learning_rate takes a number, but was given 'inf'."),
        (
            ["tfhub_module=builtin:,"],
            "--sweep tfhub_module needs a value, but was given an empty one: leave it out or name one.",
        ),
        (["dropout_rate=0,0.2,0"], "--sweep dropout_rate=0,0.2,0 names 0.0 twice: name each value once."),
        (
            ["dropout_rate=0.2"],
            "--sweep dropout_rate=0.2 leaves nothing to vary: name two values or more, or give "
            "--dropout_rate.",
        ),
        (
            ["label_smoothing=log:0..0.2"],
            "--sweep label_smoothing=log:0..0.2 begins at 0, and a log scale has nothing below or at 0: "
            "use lin:.",
        ),
        (
            ["dropout_rate=0..0.5/1"],
            "--sweep dropout_rate=0..0.5/1 has no 1 values to step through: give another number from 2 on.",
        ),
        (
            ["batch_size=1..3/5"],
            "--sweep batch_size=1..3/5 has no 5 values to step through: give another number from 2 on.",
        ),
    ],
)
def test_what_is_no_space(entries, expected):
    assert sentence(*entries) == expected


def test_a_flag_is_either_given_or_varied():
    space = parse_space(["dropout_rate=0,0.5"])
    check_space(space, Config.of(image_dir="photos"))
    with pytest.raises(InputError) as raised:
        check_space(space, Config.of(image_dir="photos", dropout_rate=0.1))
    assert str(raised.value) == (
        "--dropout_rate=0.1 fixes what --sweep dropout_rate is to vary: leave out one of the two."
    )


def test_a_grid_has_all_combinations_as_its_trials():
    space = parse_space(["batch_size=8..10", "dropout_rate=0,0.5", "learning_rate=1e-3..1e-1/3"])
    assert {name: tuple(values) for name, values in grid_axes(space).items()} == {
        "batch_size": (8, 9, 10),
        "dropout_rate": (0.0, 0.5),
        "learning_rate": (0.001, 0.01, 0.1),
    }
    assert [trial_count(trials, "grid", space) for trials in (None, 18, 100)] == [18, 18, 18]
    with pytest.raises(InputError) as raised:
        trial_count(17, "grid", space)
    assert str(raised.value) == (
        "The grid has 18 combinations, more than --trials=17: leave out --trials to try them all, or take "
        "another --sampler."
    )


def test_a_grid_steps():
    with pytest.raises(InputError) as raised:
        trial_count(None, "grid", parse_space(["learning_rate=1e-4..1e-1"]))
    assert str(raised.value) == (
        "A grid needs values to step through, but learning_rate may be any number from 0.0001 to 0.1: write "
        "learning_rate=0.0001..0.1/5 for five of them, or take another --sampler."
    )


def test_other_samplers_are_given_64_trials():
    space = parse_space(())
    assert trial_count(None, "tpe", space) == 64
    assert trial_count(7, "random", space) == 7


def test_a_space_of_which_all_is_tried_is_a_grid():
    space = parse_space(["dropout_rate=0,0.5", "batch_size=8..10"])
    assert [sampler_for("tpe", trials, space) for trials in (None, 6, 5)] == ["grid", "grid", "tpe"]
    assert (
        sampler_for("random", 10**6, parse_space(["dropout_rate=0,0.5", "l2_regularizer=0..1"])) == "random"
    )


def numbers(name: str) -> st.SearchStrategy:
    bounds = about(FIELDS[name]).bounds
    if kind(FIELDS[name]) is int:
        return st.integers(int(bounds.low), int(bounds.high))
    low = bounds.low if bounds.low is not None else bounds.above
    return st.floats(
        low,
        next(high for high in (bounds.below, bounds.high, 1e6) if high is not None),
        exclude_min=bounds.above is not None,
        exclude_max=bounds.below is not None,
    )


NUMERIC = [name for name in SWEPT if kind(FIELDS[name]) in (int, float)]


@st.composite
def ranges(draw) -> tuple[str, float, float]:
    name = draw(st.sampled_from(NUMERIC))
    low, high = sorted(draw(st.lists(numbers(name), min_size=2, max_size=2, unique=True)))
    return name, low, high


@given(ranges(), st.sampled_from(["", "lin:"]), st.floats(0, 1))
def test_every_range_is_read_and_never_left(range_of, scale, share):
    name, low, high = range_of
    varied = parse_space([f"{name}={scale}{low}..{high}"])[name]
    assert (varied.low, varied.high) == (low, high)
    assert varied.log == (scale == "" and low > 0 and high >= 20 * low)
    value = varied.at(share)
    assert low <= value <= high
    assert type(value) is kind(FIELDS[name])


@given(ranges(), st.integers(2, 6))
def test_steps_are_between_the_ends_and_in_order(range_of, steps):
    name, low, high = range_of
    found = read(f"{name}={low}..{high}/{steps}")
    if isinstance(found, str):
        assert f" has no {steps} values to step through: " in found
        return
    values = found[name].values
    assert len(values) == steps
    assert list(values) == sorted(values)
    assert (values[0], values[-1]) == (pytest.approx(low, rel=1e-3), pytest.approx(high, rel=1e-3))


@given(
    st.sampled_from(NUMERIC).flatmap(
        lambda n: st.tuples(st.just(n), st.lists(numbers(n), min_size=2, unique=True))
    )
)
def test_every_list_is_read(name_and_values):
    name, values = name_and_values
    text = ",".join(map(as_text, values))
    assert parse_space([f"{name}={text}"])[name] == Choices(tuple(values))


@given(st.text(), st.text())
def test_whatever_is_written_is_a_sentence(name, values):
    found = read(f"{name}={values}")
    assert isinstance(found, str)
    assert found.endswith((".", "?"))


@given(st.sampled_from(SWEPT), st.text("0123456789.,;:/elniog- "))
def test_whatever_a_flag_is_given_is_a_space_or_a_sentence(name, values):
    found = read(f"{name}={values}")
    if isinstance(found, str):
        assert found.endswith(".")
    else:
        assert len(set(found[name].samples)) > 1
