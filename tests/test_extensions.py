import json

import pytest

from retrain.errors import InputError
from retrain.extensions import load, named, nearest

TABLE = {"json": "json:dumps", "broken": "no_such_module:thing"}


def test_a_row_is_imported_on_use():
    assert load(TABLE, "json", "format") is json.dumps


def test_an_unknown_name_lists_the_rows_and_the_nearest():
    with pytest.raises(InputError) as raised:
        load(TABLE, "jsn", "format")
    assert str(raised.value) == "'jsn' is no format: choose from json, broken; did you mean 'json'?"


def test_a_name_like_none_of_the_rows():
    with pytest.raises(InputError) as raised:
        load(TABLE, "xyz", "format")
    assert str(raised.value) == "'xyz' is no format: choose from json, broken."


def test_a_row_that_cannot_be_imported_is_a_bug_and_keeps_its_traceback():
    with pytest.raises(ModuleNotFoundError):
        load(TABLE, "broken", "format")


def test_nearest():
    assert nearest("batchsize", ["image_dir", "batch_size"]) == "batch_size"
    assert nearest("zzz", ["image_dir", "batch_size"]) is None


def test_a_thing_by_its_dotted_name():
    assert named("json:dumps") is json.dumps
