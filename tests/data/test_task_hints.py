import pandas as pd
import pytest

from retrain.data.listing import Column
from retrain.data.task_hints import hint_at_groups, hint_at_tasks


def tasks(**cells: str) -> dict[str, Column]:
    return {task: Column(text.split()) for task, text in cells.items()}


@pytest.mark.parametrize(
    ("columns", "first", "meant"),
    [
        (tasks(kind="a b", age="40 41"), "'kind', 'age'", "kind"),
        (
            tasks(Width="40 41", Height="40 41", X="1 2", ClassId="0 1"),
            "'Width', 'Height', 'X', ...",
            "ClassId",
        ),
        (tasks(lesion_id="a a b", dx_type="x y x"), "'lesion_id', 'dx_type'", "dx_type"),
        (tasks(source="web web", species="a b"), "'source', 'species'", "species"),
        (tasks(source="web web", colour="a b"), "'source', 'colour'", "colour"),
    ],
)
def test_tasks_that_nobody_named_are_told(told, columns, first, meant):
    hint_at_tasks("t.csv", columns)
    assert told == [
        f"--labels_file='t.csv' has {len(columns)} columns that are tasks, each with a head of its own, the "
        "first of them "
        f"the main one ({first}): if some are no labels, name the others, as in --tasks={meant}."
    ]


def test_one_task_is_the_main_one(told):
    hint_at_tasks("t.csv", tasks(kind="a b"))
    assert told == []


@pytest.mark.parametrize("name", ["patient_id", "PatientID", "Patient", "id", "site_no"])
def test_images_of_one_owner_are_told(told, name):
    hint_at_groups("t.csv", pd.DataFrame({"kind": ["x", "x", "y", "x"], name: ["p", "p", "q", None]}), ())
    assert told == [
        f"--labels_file='t.csv' has 2 images that share what is in column {name!r} with others: call it "
        "'group' if images of one must stay in one split."
    ]


@pytest.mark.parametrize(
    "columns",
    [
        {"id": ["1", "2", "3"]},
        {"id": ["1", "1", "1"]},
        {"class_id": ["1", "1", "2"]},
        {"patient": ["p", "p", "q"], "group": ["1", "2", "3"]},
        {"patient": ["p", "p", "q"], "split": ["train", "train", "test"]},
        {"person": ["p", "p", "q"]},
    ],
)
def test_what_names_no_owner_is_not_told(told, columns):
    hint_at_groups("t.csv", pd.DataFrame(columns), ["person"])
    assert told == []
