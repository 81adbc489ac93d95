import pytest

from retrain.heads import HEADS as KINDS
from retrain.names_elsewhere import ADVICE, FLAG, HEADS, MEANT, NAMES, SENTENCES, advice_on, meant_by
from retrain.predecessors import ALIASES, FORMER
from retrain.settings.config import FIELDS, read_by


def test_they_are_names_of_settings_and_no_flags_themselves():
    assert set(NAMES) <= set(FIELDS)
    assert not set(MEANT) & {*FIELDS, *ALIASES, *FORMER}
    assert set(HEADS) == set(KINDS)
    assert len(MEANT) == sum(len(names.split()) for names in [*NAMES.values(), *HEADS.values()])


def test_advice_names_settings_and_is_on_no_flags():
    assert {flag for sentence in SENTENCES.values() for flag in FLAG.findall(sentence)} <= set(FIELDS)
    assert not set(SENTENCES) & {*FIELDS, *ALIASES, *FORMER}
    assert len(SENTENCES) == sum(len(names.split()) for names in ADVICE)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        *(("lr", "learning_rate"), ("LR", "learning_rate"), ("output-dir", "model_dir")),
        *(("imgsz", "image_size"), ("learnin_rate", "learning_rate"), ("xyz", None)),
        *(("label_column", "tasks"), ("y_col", "tasks"), ("x_col", "path_column"), ("kfold", "folds")),
    ],
)
def test_what_is_meant(name, meant):
    assert meant_by(name, read_by("train")) == meant


def test_what_a_verb_does_not_read_is_not_meant():
    assert meant_by("lr", read_by("predict")) is None
    assert meant_by("label_column", read_by("predict")) is None


def test_heads_by_other_names():
    assert [meant_by(name, KINDS) for name in ("multi-label", "multiclass", "sigmoyd", "xyz")] == [
        *("sigmoid", "softmax", "sigmoid", None)
    ]


def test_what_no_one_setting_says():
    assert advice_on("val-dir", read_by("train")) == (
        "folders named train, validation and test in --image_dir are the splits."
    )
    assert advice_on("Multilabel", read_by("train")).startswith("--head=sigmoid gives an image any number")
    assert advice_on("multilabel", read_by("predict")) is None
    assert advice_on("lr", read_by("train")) is None
