import re

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from retrain.examples.hash_split import percentage, split_at
from retrain.examples.label_split import label_splits


def tags(*names: str) -> frozenset[tuple[str, str]]:
    return frozenset(("tags", name) for name in names)


def assign_label_splits(examples: pd.DataFrame, labels: list, *percentages: float):
    found, notes = label_splits(examples["group"].tolist(), labels, percentages)
    return examples.assign(split=found), notes


def examples(count: int, groups: list[str] | None = None) -> pd.DataFrame:
    paths = [f"{index}.jpg" for index in range(count)]
    return pd.DataFrame({"path": paths, "group": groups or paths})


def test_the_hash_decides_where_every_label_is_everywhere():
    labels = [tags("a", "b") if index % 2 else tags("a") for index in range(300)]
    found, notes = assign_label_splits(examples(300), labels, 10, 10)
    bounds = (0, 10, 20, 100)
    assert found["split"].tolist() == [split_at(percentage(path), bounds) for path in found["path"]]
    assert notes == []


def test_what_belongs_together_stays_together():
    groups = [f"g{index % 7}" for index in range(40)]
    found, _ = assign_label_splits(examples(40, groups), [tags("a")] * 40, 30, 30)
    assert (found.groupby("group")["split"].nunique() == 1).all()


@given(st.lists(st.frozensets(st.sampled_from(sorted(tags(*"abcd"))), max_size=3), min_size=1, max_size=40))
def test_labels_of_one_image_are_trained_on_and_nothing_else_is_lost(labels):
    found, _ = assign_label_splits(examples(len(labels)), labels, 10, 10)
    assert set(found["split"]) <= {"train", "validation", "test"}
    alone = {label for label in tags(*"abcd") if sum(label in of for of in labels) == 1}
    for split, of_example in zip(found["split"], labels, strict=True):
        if of_example and of_example <= alone:
            assert split == "train"


def test_a_rare_label_is_in_every_split():
    labels = [tags("common", "rare") if index < 3 else tags("common") for index in range(60)]
    found, notes = assign_label_splits(examples(60), labels, 10, 10)
    rare = set(found["split"][:3])
    assert rare == {"train", "validation", "test"}
    assert notes
    assert all(re.search(r"'rare' \(tags\) had no (test|validation|train) image\.$", note) for note in notes)


def test_no_split_asked_for():
    found, notes = assign_label_splits(examples(9), [tags("a")] * 9, 0, 0)
    assert set(found["split"]) == {"train"}
    assert notes == []
