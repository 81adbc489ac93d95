import pytest

from retrain.names_elsewhere import MEANT, NAMES, meant_by
from retrain.predecessors import ALIASES, FORMER
from retrain.settings.config import FIELDS, read_by


def test_they_are_names_of_settings_and_no_flags_themselves():
    assert set(NAMES) <= set(FIELDS)
    assert not set(MEANT) & {*FIELDS, *ALIASES, *FORMER}
    assert len(MEANT) == sum(len(names.split()) for names in NAMES.values())


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        *(("lr", "learning_rate"), ("LR", "learning_rate"), ("output-dir", "model_dir")),
        *(("imgsz", "image_size"), ("learnin_rate", "learning_rate"), ("xyz", None)),
    ],
)
def test_what_is_meant(name, meant):
    assert meant_by(name, read_by("train")) == meant


def test_what_a_verb_does_not_read_is_not_meant():
    assert meant_by("lr", read_by("predict")) is None
