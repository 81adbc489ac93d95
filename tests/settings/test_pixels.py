import dataclasses

import pytest

from retrain.errors import InputError
from retrain.settings.config import Config, check
from retrain.settings.pixels import (
    ON_IMAGES,
    FineTuningSettings,
    steps_or_seconds,
    steps_or_share,
    two_steps,
)

# A value that is not the default, of each setting.
OTHERS = {
    "base_learning_rate_factor": 0.1,
    "fine_tune_from": "Conv",
    "freeze_batch_norm": True,
    "optimizer": "adam",
    "momentum": 0.5,
    "weight_decay": 0.0,
    "warmup_steps": "10%",
    "gradient_clip_norm": 1.0,
    "ema": 0.99,
    "mixed_precision": True,
    "eval_every": "30s",
    "early_stopping_patience": 3,
    "early_stopping_metric": "accuracy",
    "max_train_time": 60.0,
    "save_checkpoints_steps": 100,
    "profile_steps": "10,20",
    "find_learning_rate": True,
}


def checked(**values) -> None:
    check(Config(image_dir="photos", **values), "train", ["image_dir", *values])


def sentence(function, *arguments, **values) -> str:
    with pytest.raises(InputError) as raised:
        function(*arguments, **values)
    return str(raised.value)


def test_every_setting_is_tested():
    names = {field.name for field in dataclasses.fields(FineTuningSettings)}
    assert names == {*OTHERS, "fine_tune"}
    assert set(ON_IMAGES) < set(OTHERS)


@pytest.mark.parametrize("name", OTHERS)
def test_what_only_training_on_images_reads_is_given_with_it(name):
    checked(fine_tune=True, **{name: OTHERS[name]})
    text = "true" if OTHERS[name] is True else OTHERS[name]
    needed = "--fine_tune or --augment" if name in ON_IMAGES else "--fine_tune"
    expected = f"--{name}={text} needs {needed}: give it, too, or leave this out."
    assert sentence(checked, **{name: OTHERS[name]}) == expected
    if name in ON_IMAGES:
        checked(augment="light", **{name: OTHERS[name]})
    else:
        assert sentence(checked, augment="light", **{name: OTHERS[name]}) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("200", 200), ("0", 0), ("10%", 40), ("0.5%", 2), (" 7 ", 7), ("100%", 400)]
)
def test_steps_or_a_percentage(text, expected):
    assert steps_or_share("warmup_steps", text, 400) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("200", (200, None)), ("30s", (None, 30.0)), ("0.5s", (None, 0.5))]
)
def test_steps_or_seconds(text, expected):
    assert steps_or_seconds("eval_every", text) == expected


def test_profile_steps():
    assert two_steps("profile_steps", "100, 110") == (100, 110)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            {"warmup_steps": "2.5"},
            "--warmup_steps='2.5' was expected to be a number of steps, or a percentage of them: write, say, "
            "200 or 10%.",
        ),
        (
            {"eval_every": "10%"},
            "--eval_every='10%' was expected to be a number of steps, or seconds: write, say, 200 or 30s.",
        ),
        ({"eval_every": "0"}, "--eval_every='0' is out of range: it must be above 0."),
        ({"eval_every": "0s"}, "--eval_every='0s' is out of range: it must be above 0."),
        (
            {"profile_steps": "9"},
            "--profile_steps='9' must be two steps, the earlier first, such as 100,110.",
        ),
        (
            {"profile_steps": "20,10"},
            "--profile_steps='20,10' must be two steps, the earlier first, such as 100,110.",
        ),
        (
            {"optimizer": "sgdm"},
            "'sgdm' is no value of --optimizer: choose from sgd, adam, adamw, rmsprop, nadam, adagrad, lion, "
            "lamb; did you mean 'sgd'?",
        ),
        ({"ema": 1.0}, "--ema=1.0 is out of range: it must be above 0 and below 1."),
    ],
)
def test_what_makes_no_sense(values, expected):
    assert sentence(checked, fine_tune=True, **values) == expected
