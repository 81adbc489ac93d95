import importlib.util

import pytest

from retrain.errors import InputError
from retrain.trackers import TRACKERS, check_tracker


def test_none_is_asked_for():
    check_tracker(None)


@pytest.mark.parametrize("name", TRACKERS)
def test_a_tracker_needs_its_package(monkeypatch, name):
    monkeypatch.setattr(importlib.util, "find_spec", lambda package: None)
    with pytest.raises(InputError) as raised:
        check_tracker(name)
    extra = TRACKERS[name].extra
    assert str(raised.value) == (
        f"--tracker={name} needs a package that is missing: pip install 'retrain[{extra}]'."
    )
    monkeypatch.setattr(importlib.util, "find_spec", lambda package: object())
    check_tracker(name)
