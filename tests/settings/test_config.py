import dataclasses
import os
import pathlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrain.commands import COMMANDS
from retrain.errors import InputError
from retrain.flags import parse
from retrain.settings.config import FIELDS, Config, check, from_json, read_by, to_flags, to_json
from retrain.settings.field import Bounds, about, kind

TRAINABLE = Config(image_dir="photos")


def sentence(config: Config, verb: str = "train", names: tuple[str, ...] = ()) -> str:
    with pytest.raises(InputError) as raised:
        check(config, verb, names)
    return str(raised.value)


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_is_fully_declared(name):
    known, default = about(FIELDS[name]), FIELDS[name].default
    assert known.verbs
    assert set(known.verbs) <= set(COMMANDS)
    assert set(known.required) <= set(known.verbs)
    assert known.help.endswith(".")
    assert kind(FIELDS[name]) in (int, float, str, bool)
    assert default is None or known.bounds is None or known.bounds.hold(default)
    assert default is None or not known.choices or default in known.choices


def test_the_defaults_are_fit_for_training():
    check(TRAINABLE, "train", ["image_dir"])


def test_a_config_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        TRAINABLE.seed = 1


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"batch_size": 0}, "--batch_size=0 is out of range: it must be at least 1 and at most 1000000000."),
        ({"learning_rate": 0.0}, "--learning_rate=0.0 is out of range: it must be above 0."),
        ({"learning_rate": float("nan")}, "--learning_rate=nan is out of range: it must be above 0."),
        ({"dropout_rate": 1.0}, "--dropout_rate=1.0 is out of range: it must be at least 0 and below 1."),
        ({"image_size": 5000}, "--image_size=5000 is out of range: it must be at least 1 and at most 4096."),
        (
            {"class_weights": "balance"},
            "'balance' is no value of --class_weights: choose from none, balanced; did you mean 'balanced'?",
        ),
        (
            {"validation_percentage": 60.0, "testing_percentage": 40.0},
            "--validation_percentage=60.0 and --testing_percentage=40.0 leave no images for training: "
            "their sum must be below 100.",
        ),
        (
            {"max_steps": 5, "train_epochs": 1.0},
            "--max_steps and --train_epochs both say how long to train: give one of the two.",
        ),
        (
            {"module_input_range": (1.0, -1.0)},
            "--module_input_range=1.0,-1.0 is no range: it must be two numbers, the lower first, "
            "such as -1,1.",
        ),
        (
            {"module_input_range": (1.0,)},
            "--module_input_range=1.0 is no range: it must be two numbers, the lower first, such as -1,1.",
        ),
        (
            {"warm_start_head": True},
            "--warm_start_head needs --label_map: a text file of the module's own classes, one a line.",
        ),
        (
            {"rand_augment_magnitude": 5.0},
            "--rand_augment_magnitude needs --rand_augment: how many operations are done, such as 2.",
        ),
    ],
)
def test_what_cannot_be_trained_with(change, expected):
    assert sentence(dataclasses.replace(TRAINABLE, **change)) == expected


def test_a_flag_that_the_verb_does_not_read():
    config = Config(image_dir="photos", tfhub_module="export", max_steps=5)
    assert sentence(config, "evaluate", ("max_steps",)) == (
        "--max_steps=5 is not read by evaluate: it applies to train and sweep."
    )
    assert sentence(config, "predict", ("image_dir",)) == (
        "--image_dir=photos is not read by predict: it applies to train, sweep and evaluate."
    )
    check(config, "evaluate", ("image_dir", "tfhub_module"))


def test_what_a_verb_cannot_do_without():
    assert sentence(Config()) == "train needs --image_dir: a folder with one folder of images per class."
    for verb in ("evaluate", "predict"):
        assert sentence(Config(image_dir="photos"), verb) == (
            f"{verb} needs --tfhub_module: the export/saved_model of a training run."
        )


def test_json_holds_every_field():
    config = Config(image_dir="/фото", export_formats=("saved_model", "hub_module"), l2_regularizer=1e-4)
    assert from_json(to_json(config)) == config
    assert '"image_dir": "/фото"' in to_json(config)


def test_json_of_another_version():
    with pytest.raises(InputError) as raised:
        from_json('{"seeds": 3}')
    assert str(raised.value).startswith("'seeds' is no setting of this version: choose from image_dir, ")
    assert str(raised.value).endswith("; did you mean 'seed'?")


def test_run_flags_hold_every_setting_but_not_where_results_go(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = Config(
        image_dir="photos", model_dir="runs/a", learning_rate=0.01, module_input_range=(-1.0, 1.0), output="x"
    )
    title, *lines = to_flags(config, "train").splitlines()
    assert title == "# python -m retrain train --flagfile=run.flags"
    assert lines[0] == f"--image_dir={tmp_path}/photos"
    assert {"--module_input_range=-1.0,1.0", "--learning_rate=0.01", "--seed=0"} <= set(lines)
    written = {line.removeprefix("--").partition("=")[0] for line in lines}
    by_recipe = {name for name in read_by("train") if getattr(config, name) is None}
    assert written == set(read_by("train")) - by_recipe - {"model_dir"}


@pytest.mark.parametrize(
    "handle", ["builtin:x", "keras:MobileNetV3Large", "https://tfhub.dev/a/b/1", "gs://a"]
)
def test_handles_that_are_no_paths_stay_as_they_are(handle):
    assert f"--tfhub_module={handle}\n" in to_flags(Config(tfhub_module=handle), "train")


def test_paths_become_absolute_and_none_stays():
    config = Config(tfhub_module="modules/a", feature_cache="none")
    assert f"--tfhub_module={os.path.abspath('modules/a')}\n" in to_flags(config, "train")
    assert "--feature_cache=none\n" in to_flags(config, "train")


def numbers(name: str) -> st.SearchStrategy:
    bounds = about(FIELDS[name]).bounds or Bounds()
    if kind(FIELDS[name]) is bool:
        return st.booleans()
    if kind(FIELDS[name]) is int:
        return st.integers(bounds.low, bounds.high)
    inside = st.floats(
        bounds.low or bounds.above, bounds.high or bounds.below, allow_nan=False, allow_infinity=False
    )
    return inside.filter(bounds.hold)


def values(name: str) -> st.SearchStrategy:
    text = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1)
    if about(FIELDS[name]).path:
        text = text.map(lambda part: os.path.abspath("/" + part))
    known = {
        "module_input_range": st.just((-1.0, 1.0)),
        "export_formats": st.just(("saved_model", "tflite")),
        "warmup_steps": st.just("10%"),
        "eval_every": st.just("30s"),
        "profile_steps": st.just("1,2"),
    }
    choices = about(FIELDS[name]).choices
    strings = st.sampled_from(choices) if choices else text
    return known.get(name, strings if kind(FIELDS[name]) is str else numbers(name))


# Not model_dir, which run.flags leaves out, nor what contradicts another field.
TRAIN_NAMES = set(read_by("train")) - {
    "fine_tune",
    "image_dir",
    "max_steps",
    "model_dir",
    "rand_augment_magnitude",
    "testing_percentage",
    "warm_start_from",
    "warm_start_head",
}
CHOSEN = st.fixed_dictionaries(
    {"image_dir": values("image_dir")}, optional={name: values(name) for name in sorted(TRAIN_NAMES)}
)


@given(CHOSEN)
def test_run_flags_repeat_the_run(tmp_path_factory, chosen):
    config = Config(testing_percentage=0.0, fine_tune=True, **chosen)
    path = pathlib.Path(tmp_path_factory.getbasetemp()) / "run.flags"
    path.write_text(to_flags(config, "train"))
    assert parse(["retrain", f"--flagfile={path}"]).config == config
