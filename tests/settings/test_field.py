import dataclasses

from retrain.settings.field import Bounds, about, as_text, complaint, setting


@dataclasses.dataclass
class Example:
    rate: float | None = setting(None, "data", "Advice.", verbs=("train", "evaluate"), above=0.0)
    kind: str = setting("a", "data", "Advice.", choices=("a", "b"), required={"train": "any letter but a"})


RATE, KIND = dataclasses.fields(Example)


def test_a_setting_is_a_field_with_its_default():
    assert Example() == Example(rate=None, kind="a")
    assert about(KIND).choices == ("a", "b")
    assert about(KIND).verbs == ("train", "sweep")


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
    assert complaint(KIND, "a", "train", given=True) == "train needs --kind: any letter but a."
    assert complaint(KIND, "a", "evaluate", given=False) is None
    assert complaint(KIND, "c", "train", given=True) == "'c' is no value of --kind: choose from a, b."


def test_values_as_a_flag_takes_them():
    found = [as_text(value) for value in (1e-4, 3, "a b", (0.0, 1.0), ("x", "y"), True)]
    assert found == ["0.0001", "3", "a b", "0.0,1.0", "x,y", "true"]
