import re

import pytest

from retrain.errors import InputError
from retrain.settings.values import (
    OfTask,
    Quantity,
    colour,
    names,
    pattern,
    per_channel,
    per_channel_above_0,
    pixel_range,
    separator,
    steps_or_seconds,
    steps_or_share,
    task_kinds,
    task_weights,
    two_steps,
)


@pytest.mark.parametrize(
    ("text", "expected"), [("200", 200), ("0", 0), ("10%", 40), ("0.5%", 2), (" 7 ", 7), ("100%", 400)]
)
def test_steps_or_a_percentage(text, expected):
    assert steps_or_share(text, "--warmup_steps").of(400) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("200", (200, None)), ("30s", (None, 30.0)), ("0.5s", (None, 0.5))]
)
def test_steps_or_seconds(text, expected):
    quantity = steps_or_seconds(text, "--eval_every")
    assert (quantity.steps, quantity.seconds) == expected


def test_a_share_is_neither_steps_nor_seconds():
    assert (Quantity(10.0, "%").steps, Quantity(10.0, "%").seconds) == (None, None)


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        (Quantity(200.0), "200"),
        (Quantity(1e15), "1000000000000000"),
        (Quantity(10.0, "%"), "10%"),
        (Quantity(0.1, "%"), "0.1%"),
        (Quantity(1e-5, "s"), "0.00001s"),
        (Quantity(1234567.1234567, "s"), "1234567.1234567s"),
    ],
)
def test_a_quantity_prints_as_it_is_typed(quantity, expected):
    assert str(quantity) == expected


def test_two_steps():
    assert two_steps("100, 110", "--profile_steps") == (100, 110)


def test_a_range_of_pixels():
    assert pixel_range("-1,1", "--module_input_range") == (-1.0, 1.0)
    assert pixel_range("0, 255", "--module_input_range") == (0.0, 255.0)
    assert per_channel("0.5,0,-1", "--module_input_mean") == (0.5, 0.0, -1.0)
    assert per_channel_above_0("0.5,1,2", "--module_input_std") == (0.5, 1.0, 2.0)


@pytest.mark.parametrize(
    ("parse", "text", "sentence"),
    [
        (
            per_channel,
            "1,2",
            "--flag=1,2 must be three numbers, for red, green and blue: such as 0.5,0.5,0.5.",
        ),
        (
            per_channel,
            "1,2,inf",
            "--flag=1,2,inf must be three numbers, for red, green and blue: such as 0.5,0.5,0.5.",
        ),
        (
            per_channel_above_0,
            "1,0,1",
            "--flag=1,0,1 must be three numbers above 0, for red, green and blue.",
        ),
    ],
)
def test_values_of_channels_that_are_none(parse, text, sentence):
    with pytest.raises(InputError) as raised:
        parse(text, "--flag")
    assert str(raised.value) == sentence


def test_a_colour():
    names = ["white", "Black", "#808080", "#FFF"]
    assert [colour(name, "--f") for name in names] == ["white", "black", "#808080", "#fff"]


def test_a_pattern():
    assert pattern("Conv[12]", "--fine_tune_from") == re.compile("Conv[12]")


def test_what_is_said_of_tasks():
    kinds = task_kinds("kind:softmax, a:b : sigmoid", "--tasks")
    assert kinds == (OfTask("kind", "softmax"), OfTask("a:b", "sigmoid"))
    assert list(map(str, kinds)) == ["kind:softmax", "a:b:sigmoid"]
    assert task_kinds("kind, a:b:", "--tasks") == (OfTask("kind", ""), OfTask("a:b", ""))
    assert dict(task_weights("kind:1,tags:0.5", "--task_weights")) == {"kind": 1.0, "tags": 0.5}
    assert task_weights("kind:0", "--task_weights") == (OfTask("kind", 0.0),)


def test_a_blank_as_separator_is_its_word():
    assert [separator(text, "--label_separator") for text in [" ", "\t", "|", ", "]] == [
        "space",
        "tab",
        "|",
        ",",
    ]


def test_names():
    assert names("saved_model, tflite", "--export_formats") == ("saved_model", "tflite")


@pytest.mark.parametrize(
    ("parse", "text", "expected"),
    [
        (
            steps_or_share,
            "2.5",
            "--f='2.5' was expected to be a number of steps, or a percentage of them: write, say, "
            "200 or 10%.",
        ),
        (
            steps_or_share,
            "30s",
            "--f='30s' was expected to be a number of steps, or a percentage of them: write, say, "
            "200 or 10%.",
        ),
        (
            steps_or_share,
            "9" * 400,
            f"--f='{'9' * 400}' was expected to be a number of steps, or a percentage of them: write, say, "
            "200 or 10%.",
        ),
        (
            steps_or_seconds,
            "10%",
            "--f='10%' was expected to be a number of steps, or seconds: write, say, 200 or 30s.",
        ),
        (steps_or_seconds, "0", "--f='0' is out of range: it must be above 0."),
        (steps_or_seconds, "0s", "--f='0s' is out of range: it must be above 0."),
        (two_steps, "9", "--f='9' must be two steps, the earlier first, such as 100,110."),
        (two_steps, "20,10", "--f='20,10' must be two steps, the earlier first, such as 100,110."),
        (two_steps, "10,10", "--f='10,10' must be two steps, the earlier first, such as 100,110."),
        (two_steps, "1,²", "--f='1,²' must be two steps, the earlier first, such as 100,110."),
        (
            pixel_range,
            "1,-1",
            "--f=1,-1 is no range: it must be two numbers, the lower first, such as -1,1.",
        ),
        *(
            (colour, text, f"--f takes a colour such as white, black or #808080, but was given {text!r}.")
            for text in ("whit", "#12", "#00000000", "rgb(1,2,3)")
        ),
        (pixel_range, "1", "--f=1 is no range: it must be two numbers, the lower first, such as -1,1."),
        (pixel_range, "0-1", "--f=0-1 is no range: it must be two numbers, the lower first, such as -1,1."),
        (
            pixel_range,
            "0,inf",
            "--f=0,inf is no range: it must be two numbers, the lower first, such as -1,1.",
        ),
        (
            pattern,
            "(",
            "--f='(' is no regular expression (missing ), unterminated subpattern at position 0): put a "
            "backslash before a character that is meant as it stands.",
        ),
        (
            pattern,
            "a{99999999999}",
            "--f='a{99999999999}' is no regular expression (the repetition number is too large): put a "
            "backslash before a character that is meant as it stands.",
        ),
        (
            task_weights,
            "kind",
            "--f='kind' was expected to name each task once, as TASK:VALUE with commas between, but has "
            "'kind': write, say, --f=kind:0.5.",
        ),
        (
            task_kinds,
            "a:softmax,a:sigmoid",
            "--f='a:softmax,a:sigmoid' was expected to name each task once, as TASK:VALUE with commas "
            "between, but has 'a:sigmoid': write, say, --f=kind:softmax.",
        ),
        (
            task_weights,
            "a:1,",
            "--f='a:1,' was expected to name each task once, as TASK:VALUE with commas between, but has '': "
            "write, say, --f=kind:0.5.",
        ),
        (task_weights, "a:-1", "--f gives task 'a' the weight '-1': give a number of 0 or more."),
        (task_weights, "a:inf", "--f gives task 'a' the weight 'inf': give a number of 0 or more."),
        (task_weights, "a:much", "--f gives task 'a' the weight 'much': give a number of 0 or more."),
        (names, "a,b,a", "--f=a,b,a names 'a' twice: name each once, with commas between."),
        (names, "a,,b", "--f=a,,b names nothing between two commas: name each once, with commas between."),
    ],
)
def test_what_cannot_be_parsed(parse, text, expected):
    with pytest.raises(InputError) as raised:
        parse(text, "--f")
    assert str(raised.value) == expected
