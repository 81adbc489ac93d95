import dataclasses
import json
import os
import pathlib
import re

import pytest
from hypothesis import given

from retrain.commands import COMMANDS
from retrain.errors import InputError
from retrain.flags import parse
from retrain.settings.config import (
    FIELDS,
    SECTIONS,
    Config,
    check,
    from_flags,
    read_by,
    to_flags,
    to_json,
)
from retrain.settings.field import TAKES, about, choices_of, kind
from retrain.settings.head import HeadSettings
from retrain.settings.needs import Circumstances, unread
from retrain.settings.pixels import PixelSettings
from retrain.settings.values import OfTask, Quantity
from tests.settings.strategies import any_of

TRAINABLE = Config.of(image_dir="photos")
DEFAULTS = {name: field.default for name, field in FIELDS.items()}


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
    assert known.parse or kind(FIELDS[name]) in TAKES
    assert default is None or known.bounds is None or known.bounds.hold(default)
    several = default if isinstance(default, tuple) else (default,)
    assert default is None or not choices_of(known) or set(several) <= set(choices_of(known))
    assert not known.repeated or default == ()


def test_what_may_differ_between_two_runs_of_the_same_training():
    assert {name for name, field in FIELDS.items() if not about(field).recorded} == {
        *("model_dir", "saved_model_dir", "labels_output_file", "storage"),
        *("print_misclassified_test_images", "assert_accuracy_at_least", "version_directory"),
        *("tflite_output_file", "output_graph", "final_tensor_name"),
        *("tracker", "distribution", "worker_timeout"),
    }
    assert {name for name, field in FIELDS.items() if not about(field).decides} == {
        *("distribution", "worker_timeout"),
        "feature_engine",
        "allow_unsafe_module_ops",
        "max_archive_gb",
        "export_formats",
        "default_signature",
        "final_tensor_name",
        "explain",
        "tracker",
    }


def test_what_names_a_file_or_a_folder_is_a_path():
    paths = (
        "image_dir labels_file split_file corrections tfhub_module label_map feature_cache warm_start_from "
        "model_dir saved_model_dir tflite_output_file output_graph labels_output_file output sort_into"
    )
    assert [name for name, field in FIELDS.items() if about(field).path] == paths.split()


def test_every_section_has_a_title():
    assert [section.title for section in SECTIONS.values()] == [
        "Data",
        "Image module and its features",
        "Training the head",
        "Fine-tuning the module with it",
        "Augmentation of training images",
        "Several devices, several machines",
        "Sweep",
        "Results",
        "Server",
    ]


def test_a_config_has_the_sections():
    assert {field.name: field.type for field in dataclasses.fields(Config)} == SECTIONS
    assert Config() == Config.of()


def test_the_defaults_are_fit_for_training():
    check(TRAINABLE, "train", ["image_dir"])


def test_a_config_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        TRAINABLE.head = HeadSettings()
    with pytest.raises(dataclasses.FrozenInstanceError):
        TRAINABLE.head.seed = 1


def test_a_name_that_is_none_is_a_mistake_of_the_programmer():
    with pytest.raises(TypeError, match=r"no settings: \['seeds'\]"):
        Config.of(seeds=3)


SHARED = {
    "learning_rate": 0.5,
    "max_steps": 7,
    "batch_size": 9,
    "label_smoothing": 0.3,
    "dropout_rate": 0.4,
    "l1_regularizer": 0.01,
    "l2_regularizer": 0.02,
    "class_weights": "balanced",
    "seed": 3,
}
LATER = ("learning_rate", "max_steps", "batch_size", "label_smoothing")


def test_what_is_said_of_training_goes_to_the_head_of_a_frozen_module():
    config = Config.of(**SHARED, calibrate=False)
    assert config.head == HeadSettings(**SHARED, calibrate=False)
    assert config.pixels == PixelSettings()
    assert not config.trains_on_images


@pytest.mark.parametrize("images", [{"fine_tune": True}, {"augment": "light"}, {"mixup": 0.2}])
def test_what_is_said_of_training_on_images_goes_to_it_and_partly_to_the_head(images):
    config = Config.of(**SHARED, **images)
    of_both = {name: value for name, value in SHARED.items() if name not in LATER}
    assert config.trains_on_images
    assert config.pixels == PixelSettings(**SHARED, fine_tune="fine_tune" in images)
    assert config.head == HeadSettings(**of_both)


@pytest.mark.parametrize("nothing", [{"augment": "none"}, {"mixup": 0.0}, {"flip_left_right": False}])
def test_an_augmentation_that_is_off_leaves_the_module_frozen(nothing):
    assert Config.of(train_epochs=2.0, **nothing).head.train_epochs == 2.0


def test_the_value_of_a_flag_is_found_wherever_it_went():
    frozen, tuned = Config.of(max_steps=7, seed=3), Config.of(max_steps=7, seed=3, fine_tune=True)
    assert [config.value("max_steps") for config in (frozen, tuned)] == [7, 7]
    assert [config.value("seed") for config in (frozen, tuned)] == [3, 3]
    assert [config.value("fine_tune") for config in (frozen, tuned)] == [False, True]


def test_settings_change_sections_with_the_kind_of_training():
    frozen = Config.of(max_steps=7, seed=3)
    tuned = frozen.replaced(fine_tune=True)
    assert (tuned.head.max_steps, tuned.pixels.max_steps) == (None, 7)
    assert (tuned.head.seed, tuned.pixels.seed) == (3, 3)
    assert tuned.replaced(fine_tune=False) == frozen
    assert frozen.replaced(augment="light", max_steps=8).pixels.max_steps == 8
    assert frozen == Config.of(max_steps=7, seed=3)


@given(any_of(FIELDS))
def test_values_are_those_that_were_given(values):
    config = Config.of(**values)
    assert config.values() == {**DEFAULTS, **values}
    assert config.replaced() == config


@given(any_of(FIELDS), any_of(FIELDS))
def test_to_replace_is_to_say_it_in_the_first_place(values, others):
    assert Config.of(**values).replaced(**others) == Config.of(**{**values, **others})


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"batch_size": 0}, "--batch_size=0 is out of range: it must be at least 1 and at most 1000000000."),
        ({"learning_rate": 0.0}, "--learning_rate=0.0 is out of range: it must be above 0."),
        (
            {"learning_rate": 0.0, "fine_tune": True},
            "--learning_rate=0.0 is out of range: it must be above 0.",
        ),
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
            {"max_steps": 5, "train_epochs": 1.0, "augment": "light"},
            "--max_steps and --train_epochs both say how long to train: give one of the two.",
        ),
        (
            {"warm_start_head": True, "label_map": "a.txt", "warm_start_from": "run"},
            "--warm_start_from and --warm_start_head both say where the head begins: give one of the two.",
        ),
        (
            {"warm_start_from": "run", "tfhub_module": "other"},
            "--warm_start_from brings the module of its run with it: leave --tfhub_module out.",
        ),
        (
            {"rand_augment_magnitude": 5.0},
            "--rand_augment_magnitude needs --rand_augment: how many operations are done, such as 2.",
        ),
    ],
)
def test_what_cannot_be_trained_with(change, expected):
    assert sentence(TRAINABLE.replaced(**change)) == expected


@pytest.mark.parametrize("images", [{"fine_tune": True}, {"augment": "light"}])
def test_folds_judge_heads_on_features(images):
    check(TRAINABLE.replaced(folds=5), "sweep", ("folds",))
    assert sentence(TRAINABLE.replaced(folds=5, **images), "sweep", ("folds",)) == (
        "--folds=5 judges heads on remembered features, but with --fine_tune or --augment each fold would be "
        "a training of its own: leave out one of the two."
    )


def test_a_flag_that_the_verb_does_not_read():
    config = Config.of(image_dir="photos", tfhub_module="export", max_steps=5)
    assert sentence(config, "evaluate", ("max_steps",)) == (
        "--max_steps=5 is not read by evaluate: it applies to train and sweep."
    )
    assert sentence(config, "inspect", ("image_dir",)) == (
        "--image_dir=photos is not read by inspect: it applies to train, sweep, evaluate and predict."
    )
    check(config, "evaluate", ("image_dir", "tfhub_module"))


def test_what_a_verb_cannot_do_without():
    assert (
        sentence(Config())
        == "train needs --image_dir: a folder of class folders, or that of the images in --labels_file."
    )
    for verb in ("evaluate", "predict"):
        assert sentence(TRAINABLE, verb) == (
            f"{verb} needs --tfhub_module: the export/saved_model of a training run."
        )


def test_json_holds_every_field_of_every_section():
    config = Config.of(
        image_dir="/фото",
        tasks=(OfTask("kind", "softmax"),),
        fine_tune=True,
        max_steps=5,
        warmup_steps=Quantity(10.0, "%"),
        fine_tune_from=re.compile("Conv"),
    )
    text = to_json(config)
    assert '"image_dir": "/фото"' in text
    found = json.loads(text)
    names = {name: [field.name for field in dataclasses.fields(of)] for name, of in SECTIONS.items()}
    assert {name: list(section) for name, section in found.items()} == names
    assert found["data"]["tasks"] == ["kind:softmax"]
    assert found["head"]["max_steps"] is None
    pixels = found["pixels"]
    assert [pixels[name] for name in ("max_steps", "fine_tune", "momentum")] == [5, True, 0.9]
    assert (pixels["warmup_steps"], pixels["fine_tune_from"]) == ("10%", "Conv")
    assert found["module"]["module_input_range"] == [0.0, 1.0]
    assert found["results"]["export_formats"] == ["saved_model", "hub_module", "tflite"]


def test_run_flags_of_another_version():
    with pytest.raises(InputError) as raised:
        from_flags({"seeds": "3"})
    assert str(raised.value).startswith("'seeds' is no setting of this version: choose from image_dir, ")
    assert str(raised.value).endswith("; did you mean 'seed'?")


def test_run_flags_that_were_spoilt():
    with pytest.raises(InputError) as raised:
        from_flags({"seed": "three"})
    assert str(raised.value) == "--seed takes a whole number, but was given 'three'."


def test_run_flags_hold_every_setting_but_not_where_results_go(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = Config.of(
        image_dir="photos",
        model_dir="runs/a",
        learning_rate=0.01,
        module_input_range=(-1.0, 1.0),
        fine_tune=True,
        output="x",
    )
    title, *lines = to_flags(config, "train").splitlines()
    assert title == "# python -m retrain train --flagfile=run.flags"
    assert lines[0] == f"--image_dir={tmp_path}/photos"
    assert {"--module_input_range=-1.0,1.0", "--learning_rate=0.01", "--seed=0", "--calibrate=true"} <= set(
        lines
    )
    written = {line.removeprefix("--").partition("=")[0] for line in lines}
    by_recipe = {name for name in read_by("train") if config.value(name) in (None, ())}
    assert written == set(read_by("train")) - by_recipe - {
        *("model_dir", "print_misclassified_test_images", "version_directory", "final_tensor_name"),
        *("tracker", "distribution", "worker_timeout"),
    }


def test_the_flags_of_a_sweep_have_a_line_for_each_that_varies():
    config = Config.of(image_dir="/a", sweep=("seed=1,2", "dropout_rate=0,0.2"), storage="sqlite:///x")
    lines = to_flags(config, "sweep", "sweep.flags").splitlines()
    assert lines[0] == "# python -m retrain sweep --flagfile=sweep.flags"
    assert [line for line in lines if line.startswith(("--sweep=", "--storage"))] == [
        "--sweep=seed=1,2",
        "--sweep=dropout_rate=0,0.2",
    ]


@pytest.mark.parametrize(
    "handle", ["builtin:x", "keras:MobileNetV3Large", "https://tfhub.dev/a/b/1", "gs://a"]
)
def test_handles_that_are_no_paths_stay_as_they_are(handle):
    assert f"--tfhub_module={handle}\n" in to_flags(Config.of(tfhub_module=handle), "train")


def test_paths_become_absolute_and_none_stays():
    config = Config.of(tfhub_module="modules/a", feature_cache="none")
    assert f"--tfhub_module={os.path.abspath('modules/a')}\n" in to_flags(config, "train")
    assert "--feature_cache=none\n" in to_flags(config, "train")


def recorded(values: dict) -> Config:
    return Config.of(**{name: value for name, value in values.items() if about(FIELDS[name]).recorded})


def lines_of(text: str) -> dict[str, str]:
    pairs = [line.removeprefix("--").partition("=") for line in text.split("\n")[1:-1]]
    return {name: value for name, _, value in pairs}


@given(any_of(read_by("train")))
def test_run_flags_give_the_settings_back(values):
    assert from_flags(lines_of(to_flags(Config.of(**values), "train"))) == recorded(values)


def test_one_of_several_flags_is_a_tuple_too():
    assert from_flags({"sweep": "seed=1,2"}) == Config.of(sweep=("seed=1,2",))


def fit_for_training(values: dict) -> dict:
    """The values without those that contradict others, or have no effect with them."""
    values = {"image_dir": "/photos", **values}
    contradicting = {
        "max_steps": "train_epochs" in values,
        "warm_start_from": values.get("warm_start_head"),
        "warm_start_head": "label_map" not in values,
        "folds": Config.of(**values).trains_on_images,
    }
    values = {name: value for name, value in values.items() if not contradicting.get(name)}
    if values.get("validation_percentage", 10.0) + values.get("testing_percentage", 10.0) >= 100:
        values["testing_percentage"] = 0.0
    while idle := unread(Circumstances(Config.of(**values), "train"), FIELDS):
        values = {name: value for name, value in values.items() if name not in idle}
    return values


@given(any_of(read_by("train")))
def test_run_flags_repeat_the_run(tmp_path_factory, drawn):
    values = fit_for_training(drawn)
    path = pathlib.Path(tmp_path_factory.getbasetemp()) / "run.flags"
    path.write_text(to_flags(Config.of(**values), "train"))
    assert parse(["retrain", f"--flagfile={path}"]).config == recorded(values)


@pytest.mark.parametrize(
    ("name", "unfit"),
    [
        ("a\0b", "a NUL character in it, which no name has"),
        ("a\rb", "a line break in it, which a flag file cannot hold"),
        ("a\nb", "a line break in it, which a flag file cannot hold"),
        ("photos ", "a blank at its end, which a flag file cannot hold"),
        ("a\udcffb", "bytes in it that are no text in UTF-8"),
    ],
)
def test_what_no_flag_file_can_hold_is_refused(name, unfit):
    assert sentence(TRAINABLE.replaced(model_dir=name)) == (
        f"--model_dir={name!r} has {unfit}: mend it, or give another."
    )
