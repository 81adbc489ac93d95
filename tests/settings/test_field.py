import dataclasses
import os
import re
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrain.errors import InputError
from retrain.settings.config import FIELDS
from retrain.settings.field import (
    Bounds,
    about,
    absolute,
    as_text,
    choices_of,
    complaint,
    from_text,
    kind,
    setting,
)
from retrain.settings.values import OfTask, Quantity, names, steps_or_share


@dataclasses.dataclass
class Example:
    rate: float | None = setting(None, "Advice.", verbs=("train", "evaluate"), above=0.0)
    kind: str = setting("a", "Advice.", choices=("a", "b"), required={"train": "any letter but a"})
    several: tuple[str, ...] = setting((), "Advice.", verbs=("sweep",), parse=names)
    count: int = setting(1, "Advice.", low=1)
    on: bool = setting(False, "Advice.")
    place: str | None = setting(None, "Advice.", path=True)
    when: Quantity | None = setting(None, "Advice.", parse=steps_or_share)
    row: str = setting("softmax", "Advice.", table=("retrain.heads:HEADS", "head"))
    rows: tuple[str, ...] = setting((), "Advice.", parse=names, table=("retrain.heads:HEADS", "head"))


RATE, KIND, SEVERAL, COUNT, ON, PLACE, WHEN, ROW, ROWS = dataclasses.fields(Example)


def refusal(field: dataclasses.Field, text: str) -> str:
    with pytest.raises(InputError) as raised:
        from_text(field, text, "--flag")
    return str(raised.value)


def test_an_address_is_no_path():
    assert complaint(PLACE, "gs://bucket/run", "train", given=True) == (
        "--place='gs://bucket/run' is an address, but a path on this machine was expected: mount what it "
        "leads to, as gcsfuse and mount-s3 do, or copy it to a disk."
    )
    for value in (None, "none", "gs:/bucket", "/a/b://c"):
        assert complaint(PLACE, value, "train", given=True) is None
    remote = {name for name, field in FIELDS.items() if about(field).remote}
    assert remote == {"tfhub_module", "warm_start_from"}
    assert complaint(FIELDS["tfhub_module"], "https://tfhub.dev/a/1", "train", given=True) is None


def test_some_addresses_may_stand_for_a_folder_of_images():
    verbs = {name: about(field).gfile for name, field in FIELDS.items() if about(field).gfile}
    assert verbs == {
        "image_dir": about(FIELDS["image_dir"]).verbs,
        "model_dir": ("train", "evaluate", "export"),
    }
    assert complaint(FIELDS["image_dir"], "gs://bucket/photos", "train", given=True) is None
    assert absolute(FIELDS["image_dir"], "gs://bucket/photos") == "gs://bucket/photos"
    assert complaint(FIELDS["image_dir"], "s3://bucket", "train", given=True) == (
        "--image_dir='s3://bucket' is an address, but a path on this machine, or at gs://, was expected: "
        "mount what it leads to, as gcsfuse and mount-s3 do, or copy it to a disk."
    )


def test_a_setting_is_a_field_with_its_default():
    assert Example() == Example(rate=None, kind="a")
    assert about(KIND).choices == ("a", "b")
    assert about(KIND).verbs == ("train", "sweep")
    assert about(KIND).bounds is None
    assert about(RATE).bounds == Bounds(above=0.0)


def test_the_kind_is_that_of_one_value():
    assert list(map(kind, (RATE, KIND, SEVERAL, COUNT, ON))) == [float, str, str, int, bool]


def test_bounds_say_which_end_is_allowed():
    assert str(Bounds(low=0.5, below=2)) == "at least 0.5 and below 2"
    assert str(Bounds(above=0, high=4096)) == "above 0 and at most 4096"
    bounds = Bounds(low=0.0, below=1.0)
    assert [bounds.hold(x) for x in (-0.1, 0.0, 0.999, 1.0, float("nan"))] == [
        False,
        True,
        True,
        False,
        False,
    ]


def test_complaints():
    assert complaint(RATE, None, "train", given=False) is None
    assert complaint(RATE, 0.5, "train", given=True) is None
    assert complaint(RATE, -1.0, "train", given=True) == "--rate=-1.0 is out of range: it must be above 0."
    assert complaint(RATE, 0.5, "predict", given=True) == (
        "--rate=0.5 is not read by predict: it applies to train and evaluate."
    )
    assert complaint(RATE, 0.5, "predict", given=False) is None
    assert complaint(SEVERAL, ("x", "y"), "train", given=True) == (
        "--several=x,y is not read by train: it applies to sweep."
    )
    assert complaint(KIND, "a", "train", given=False) == "train needs --kind: any letter but a."
    assert complaint(KIND, "a", "evaluate", given=False) is None
    assert complaint(KIND, "c", "train", given=True) == "'c' is no value of --kind: choose from a, b."


def test_the_choices_may_be_the_rows_of_a_table():
    assert choices_of(about(KIND)) == ("a", "b")
    assert choices_of(about(ROW)) == ("softmax", "sigmoid")
    assert choices_of(about(RATE)) == ()
    assert complaint(ROW, "sigmoid", "train", given=True) is None
    assert complaint(ROWS, (), "train", given=False) is None
    assert complaint(ROWS, ("softmax", "sigmoid"), "train", given=True) is None
    expected = "'softmx' is no head: choose from softmax, sigmoid; did you mean 'softmax'?"
    assert complaint(ROW, "softmx", "train", given=True) == expected
    assert complaint(ROWS, ("sigmoid", "softmx"), "train", given=True) == expected


def test_values_as_a_flag_takes_them():
    found = [as_text(value) for value in (1e-4, 3, "a b", (0.0, 1.0), ("x", "y"), True, False)]
    assert found == ["0.0001", "3", "a b", "0.0,1.0", "x,y", "true", "false"]
    found = [as_text(value) for value in (re.compile(r"a\.b"), Quantity(10.0, "%"), (OfTask("t", 0.5),))]
    assert found == [r"a\.b", "10%", "t:0.5"]


@pytest.mark.parametrize("text", ["true", "True", "TRUE", "t", "1", "yes", "y", "Y"])
def test_what_is_true(text):
    assert from_text(ON, text, "--on") is True


@pytest.mark.parametrize("text", ["false", "False", "FALSE", "f", "0", "no", "n", "N"])
def test_what_is_false(text):
    assert from_text(ON, text, "--on") is False


def test_values_from_text():
    assert from_text(RATE, "1e-3", "--rate") == 0.001
    assert from_text(COUNT, "7", "--count") == 7
    assert from_text(KIND, "c", "--kind") == "c"
    assert from_text(SEVERAL, "x, y", "--several") == ("x", "y")
    assert from_text(PLACE, "~/a", "--place") == os.path.expanduser("~/a")
    assert from_text(PLACE, "a/~", "--place") == "a/~"


@pytest.mark.parametrize("field", [KIND, PLACE, SEVERAL, WHEN], ids=lambda field: field.name)
def test_an_empty_value_is_a_mistake(field):
    assert refusal(field, "") == "--flag needs a value, but was given an empty one: leave it out or name one."


@pytest.mark.parametrize(
    ("field", "text", "expected"),
    [
        (RATE, "fast", "--flag takes a number, but was given 'fast'."),
        (RATE, "", "--flag takes a number, but was given ''."),
        (RATE, "nan", "--flag takes a number, but was given 'nan'."),
        (RATE, "1e999", "--flag takes a number, but was given '1e999'."),
        (COUNT, "1.5", "--flag takes a whole number, but was given '1.5'."),
        (COUNT, "9" * 400, f"--flag takes a whole number, but was given '{'9' * 400}'."),
        (ON, "maybe", "--flag takes true or false, but was given 'maybe'."),
    ],
)
def test_what_is_of_another_kind(field, text, expected):
    assert refusal(field, text) == expected


def test_paths_from_any_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert absolute(PLACE, "a/b") == f"{tmp_path}/a/b"
    assert absolute(KIND, "a") == "a"
    for handle in ("none", "builtin:x", "keras:MobileNetV3Large", "https://tfhub.dev/a/b/1", "gs://a"):
        assert absolute(PLACE, handle) == handle
    assert absolute(PLACE, "none_of_these") == f"{tmp_path}/none_of_these"


def representatives() -> list[str]:
    """The name of one setting of each way in which text is read."""
    ways = {}
    for name, field in FIELDS.items():
        ways.setdefault((about(field).parse, kind(field), about(field).path), name)
    return list(ways.values())


TEXTS = st.text() | st.from_regex(r"\A[-+0-9.,:%se² (\[{}A-Za-z]{0,12}\Z")


@pytest.mark.parametrize("name", representatives())
@given(text=TEXTS)
def test_any_text_is_a_value_that_prints_as_itself_or_a_sentence(name, text):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # what re says of [[
        try:
            value = from_text(FIELDS[name], text, f"--{name}")
        except InputError:
            return
        assert from_text(FIELDS[name], as_text(value), f"--{name}") == value
