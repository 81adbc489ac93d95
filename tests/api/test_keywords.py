import inspect
import pathlib
import re

import pytest

from retrain.api.keywords import config_of, keywords_of, with_keywords
from retrain.errors import InputError
from retrain.settings.config import FIELDS, Config
from retrain.settings.python_words import said_in_python
from retrain.settings.values import OfTask, Quantity


@with_keywords("predict")
def predict(images=None, *, verbosity="info", **keywords):
    """Predicts."""


def test_a_signature_has_every_flag_of_the_verb_with_its_default():
    parameters = inspect.signature(predict).parameters
    assert list(parameters) == ["images", *keywords_of("predict"), "verbosity"]
    assert {name: parameters[name].default for name in keywords_of("predict")} == {
        name: FIELDS[name].default for name in keywords_of("predict")
    }
    assert parameters["top_k"].annotation == FIELDS["top_k"].type


def test_help_says_what_each_means():
    lines = predict.__doc__.splitlines()
    assert lines[0] == "Predicts."
    assert "  all_classes: The probability of every class is written, too." in lines
    assert "--" not in predict.__doc__


@pytest.mark.parametrize(
    ("name", "value", "parsed"),
    [
        ("image_dir", pathlib.Path("photos"), "photos"),
        ("fine_tune", True, True),
        ("fine_tune", "false", False),
        ("max_steps", 7, 7),
        ("learning_rate", 1e-5, 1e-5),
        ("learning_rate", 1, 1.0),
        ("eval_every", 30, Quantity(30.0)),
        ("eval_every", "30s", Quantity(30.0, "s")),
        ("module_input_range", (0, 255), (0.0, 255.0)),
        ("export_formats", ["saved_model"], ("saved_model",)),
        ("export_formats", "saved_model,hub_module", ("saved_model", "hub_module")),
        ("tasks", ["kind", "tags"], (OfTask("kind", ""), OfTask("tags", ""))),
        ("tasks", {"kind": "softmax"}, (OfTask("kind", "softmax"),)),
        ("fine_tune_from", re.compile("a|b"), re.compile("a|b")),
        ("max_steps", None, None),
    ],
)
def test_values_of_python_are_those_of_flags(name, value, parsed):
    needed = {"fine_tune_from": {"fine_tune": True}, "tasks": {"labels_file": "labels.csv"}}
    needed["eval_every"] = needed["fine_tune_from"]
    assert (
        config_of("train", {"image_dir": "photos", **needed.get(name, {}), name: value}).value(name) == parsed
    )


@pytest.mark.parametrize(
    ("given", "entries"),
    [
        ("dropout_rate=0,0.2", ("dropout_rate=0,0.2",)),
        (["dropout_rate=0,0.2", "seed=1"], ("dropout_rate=0,0.2", "seed=1")),
        (
            {"dropout_rate": [0, 0.2], "l2_regularizer": "1e-4..0.5"},
            ("dropout_rate=0,0.2", "l2_regularizer=1e-4..0.5"),
        ),
        ({"tasks": ["a,b", "a"]}, ("tasks=a,b;a",)),
        ({"tasks": ["a,b"]}, ("tasks=a,b",)),
    ],
)
def test_what_varies_in_a_sweep_may_be_a_dict(given, entries):
    assert config_of("sweep", {"image_dir": "photos", "sweep": given}).sweep.sweep == entries


def test_nothing_given_is_the_default():
    assert config_of("inspect", {}) == Config()


@pytest.mark.parametrize(
    ("verb", "keywords", "sentence"),
    [
        (
            "train",
            {"image_dirr": "a"},
            "retrain.train has no keyword 'image_dirr': did you mean 'image_dir'?",
        ),
        (
            "train",
            {"multilabel": True},
            "retrain.train has no keyword 'multilabel': head=sigmoid gives an image any number of classes, "
            "and tasks=COLUMN:sigmoid any number of the labels in that column of a table.",
        ),
        ("train", {"zzz": 1}, "retrain.train has no keyword 'zzz': help(retrain.train) lists them."),
        (
            "inspect",
            {"json": True},
            "retrain.inspect has no keyword 'json': help(retrain.inspect) lists them.",
        ),
    ],
)
def test_no_keyword(verb, keywords, sentence):
    with pytest.raises(TypeError) as raised:
        config_of(verb, keywords)
    assert str(raised.value) == sentence


@pytest.mark.parametrize(
    ("keywords", "sentence"),
    [
        (
            {},
            "train needs image_dir=: a folder of class folders, or that of the images in labels_file=.",
        ),
        ({"image_dir": ["a"]}, "image_dir= takes one value, but was given ['a']."),
        ({"image_dir": "a", "top_k": 3}, "top_k=3 is not read by train: it applies to predict."),
        ({"image_dir": "a", "max_steps": 1.5}, "max_steps= takes a whole number, but was given '1.5'."),
        ({"image_dir": "a", "max_steps": True}, "max_steps= takes a whole number, but was given 'true'."),
        ({"image_dir": "a", "fine_tune": "maybe"}, "fine_tune= takes true or false, but was given 'maybe'."),
        (
            {"image_dir": "a", "dropout_rate": 1},
            "dropout_rate=1.0 is out of range: it must be at least 0 and below 1.",
        ),
        (
            {"image_dir": "a", "freeze_batch_norm": True},
            "freeze_batch_norm=True needs fine_tune=True: give it, too, or leave this out.",
        ),
    ],
)
def test_errors_speak_of_keywords(keywords, sentence):
    with pytest.raises(InputError) as raised, said_in_python():
        config_of("train", keywords)
    assert str(raised.value) == sentence
