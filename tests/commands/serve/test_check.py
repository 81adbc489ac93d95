import pytest

from retrain.commands.serve import check as serving
from retrain.commands.serve.check import ServePlan, check
from retrain.errors import InputError
from retrain.heads import HEADS
from retrain.settings.config import Config


def planned(handle: object, **values: object) -> ServePlan:
    return check(Config.of(tfhub_module=str(handle), **values), ())


def sentence(handle: object, **values: object) -> str:
    with pytest.raises(InputError) as raised:
        planned(handle, **values)
    return str(raised.value)


def test_the_tflite_file_of_a_run_is_served(trained_run):
    plan = planned(trained_run)
    assert (plan.export, plan.litert) == (
        f"{trained_run}/export/saved_model",
        f"{trained_run}/export/tflite",
    )
    assert plan.is_quick
    assert not planned(trained_run, engine="tensorflow").is_quick


def test_what_is_no_classifier(averaging_module):
    assert sentence(averaging_module) == (
        f"{averaging_module!r} is no classifier exported by retrain: it has no assets.extra/retrain.json; "
        "name a run or its export/saved_model; predict and evaluate take other classifiers with --label_map."
    )


def test_a_name_that_is_no_part_of_an_address(trained_run):
    assert sentence(trained_run, model_name="a/b") == (
        "--model_name='a/b' is part of addresses: it may have letters of English, digits, _, . and -."
    )


def test_packages_that_are_missing(trained_run, monkeypatch):
    monkeypatch.setattr(serving, "PACKAGES", ("no_such_package",))
    assert sentence(trained_run) == "serve needs packages that are missing: pip install 'retrain[serve]'."


def test_a_head_that_needs_tensorflow_to_answer(trained_run, monkeypatch):
    monkeypatch.setitem(HEADS, "softmax", HEADS["softmax"]._replace(answers=""))
    assert sentence(trained_run) == (
        "serve does not know what a head of the kind softmax answers: use predict."
    )
