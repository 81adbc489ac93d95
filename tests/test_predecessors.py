"""No flag of retrain.py or make_image_classifier is unknown: each has its meaning or a sentence."""

import pytest

from retrain.flags import parse
from retrain.predecessors import ALIASES, CLASHES, FORMER, refusal, told
from retrain.settings.config import FIELDS


def test_a_name_has_one_meaning():
    assert set(ALIASES.values()) <= set(FIELDS)
    assert not set(FORMER) & {*FIELDS, *ALIASES}
    assert not set(ALIASES) & set(FIELDS)
    assert set(CLASHES) <= {*FIELDS, *ALIASES}


@pytest.mark.parametrize("name", [name for name, known in FORMER.items() if not known.is_refused])
def test_what_is_pointless_is_told_and_changes_nothing(name):
    plain, other = (parse(["retrain", "--image_dir=a", *words]) for words in ([], [f"--{name}=1"]))
    assert other == plain._replace(notes=(f"--{name}: {FORMER[name].sentence}",))


@pytest.mark.parametrize("name", [name for name, known in FORMER.items() if known.is_refused])
def test_what_would_change_the_result_is_refused_by_its_own_sentence(name):
    assert refusal({name: "5"}) == f"--{name}: {FORMER[name].sentence}"
    harmless = FORMER[name].harmless
    assert harmless is None or refusal({name: harmless}) == ""
    assert told([name], [], []) == ()


def test_a_clash_is_told_unless_the_user_has_decided_it():
    sentence = (
        "--validation_split: images are kept for test, too, which make_image_classifier did not: "
        "--testing_split=0 keeps none."
    )
    assert told([], ["validation_split"], ["validation_percentage"]) == (sentence,)
    assert told([], ["validation_split"], ["validation_percentage", "testing_percentage"]) == ()
