import pytest

from retrain.errors import InputError
from retrain.heads import HEADS, head_class, kind_for


def test_what_a_task_gets_when_nothing_is_said():
    assert (kind_for(several=False), kind_for(several=True)) == ("softmax", "sigmoid")


def test_a_kind_is_found_by_its_name():
    assert [head_class(kind).kind for kind in HEADS] == list(HEADS)
    with pytest.raises(InputError) as raised:
        head_class("softmx")
    assert str(raised.value) == "'softmx' is no head: choose from softmax, sigmoid; did you mean 'softmax'?"
