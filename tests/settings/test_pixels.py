import pytest

from retrain.errors import InputError
from retrain.flags import parse
from retrain.settings.values import Quantity


def sentence(*words: str) -> str:
    with pytest.raises(InputError) as raised:
        parse(["retrain", "--image_dir=photos", "--fine_tune", *words])
    return str(raised.value)


def test_when_something_is_done_is_told_in_steps_a_share_or_seconds():
    line = (
        "retrain --image_dir=photos --fine_tune --warmup_steps=10% --eval_every=30s --profile_steps=10,20 "
        "--fine_tune_from=Conv"
    )
    pixels = parse(line.split()).config.pixels
    assert pixels.warmup_steps == Quantity(10.0, "%")
    assert pixels.eval_every == Quantity(30.0, "s")
    assert pixels.profile_steps == (10, 20)
    assert pixels.fine_tune_from.search("a/Conv_1/weights")


@pytest.mark.parametrize(
    ("flag", "expected"),
    [
        (
            "--warmup_steps=2.5",
            "--warmup_steps='2.5' was expected to be a number of steps, or a percentage of them: write, say, "
            "200 or 10%.",
        ),
        (
            "--eval_every=10%",
            "--eval_every='10%' was expected to be a number of steps, or seconds: write, say, 200 or 30s.",
        ),
        ("--eval_every=0", "--eval_every='0' is out of range: it must be above 0."),
        ("--eval_every=0s", "--eval_every='0s' is out of range: it must be above 0."),
        ("--profile_steps=9", "--profile_steps='9' must be two steps, the earlier first, such as 100,110."),
        (
            "--profile_steps=20,10",
            "--profile_steps='20,10' must be two steps, the earlier first, such as 100,110.",
        ),
        (
            "--optimizer=sgdm",
            "'sgdm' is no value of --optimizer: choose from sgd, adam, adamw, rmsprop, nadam, adagrad, lion, "
            "lamb; did you mean 'sgd'?",
        ),
        ("--ema=1.0", "--ema=1.0 is out of range: it must be above 0 and below 1."),
        (
            "--base_learning_rate_factor=1001",
            "--base_learning_rate_factor=1001.0 is out of range: it must be above 0 and at most 1000.",
        ),
        ("--momentum=1", "--momentum=1.0 is out of range: it must be at least 0 and below 1."),
    ],
)
def test_what_makes_no_sense(flag, expected):
    assert sentence(flag) == expected
