import collections
import hashlib
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrain.data.listing import SPLITS
from retrain.examples.hash_split import (
    HashedImage,
    Labels,
    fill_splits,
    hash_key,
    hash_splits,
    percentage,
    split_at,
    stem,
)

BOUNDS = (0.0, 10.0, 20.0, 100.0)


def table(files: dict[str, str]) -> pd.DataFrame:
    """Examples with these paths and groups; the class is the top folder."""
    rows = [(path, path.partition("/")[0], "", group) for path, group in files.items()]
    return pd.DataFrame(rows, columns=["path", "label", "split", "group"])


def alone(*paths: str) -> pd.DataFrame:
    return table({path: stem(path) for path in paths})


def of(*names: str) -> Labels:
    return frozenset(("label", name) for name in names)


def assign_splits(examples: pd.DataFrame, *percentages: float) -> tuple[pd.DataFrame, list[str]]:
    rows = [
        HashedImage(path, group, of(label), stem(path))
        for path, label, _, group in examples.itertuples(index=False)
    ]
    classes = examples.groupby("group")["label"].nunique()
    found, notes = hash_splits(rows, percentages, set(classes.index[classes > 1]))
    return examples.assign(split=found), notes


def splits(examples: pd.DataFrame, validation: float = 10, testing: float = 10) -> dict[str, str]:
    examples, _ = assign_splits(examples, validation, testing)
    return dict(zip(examples["path"], examples["split"], strict=True))


def counts(split_of: dict[str, str]) -> collections.Counter:
    return collections.Counter(split_of.values())


paths = st.builds(
    "{}/{}{}.jpg".format, st.sampled_from("abc"), st.integers(0, 99), st.sampled_from(["", "x"])
)
path_sets = st.sets(paths, min_size=1, max_size=40)
percentages = st.sampled_from([(10, 10), (0, 0), (0, 10), (10, 0), (50, 50), (100, 0), (33.3, 0.5)])


# Groups within a class, as same content or `_nohash_` make them: each image has its own or one of four.
def grouped(chosen: set[str], number: dict[str, int]) -> pd.DataFrame:
    return table({path: f"{path[0]}/{number[path]}" if number[path] < 4 else path for path in chosen})


worlds = path_sets.flatmap(
    lambda chosen: st.builds(
        grouped, st.just(chosen), st.fixed_dictionaries({path: st.integers(0, 9) for path in chosen})
    )
)


def test_the_percentage_is_that_of_retrain_py():
    name = "roses/1.jpg"
    as_there = (int(hashlib.sha1(name.encode()).hexdigest(), 16) % 134217728) * (100.0 / 134217727)
    assert percentage(name) == as_there
    assert percentage("猫/1.jpg") == pytest.approx(
        int(hashlib.sha1("猫/1.jpg".encode()).hexdigest(), 16) % 2**27 * 100 / (2**27 - 1)
    )


def test_the_stem_ends_at_nohash():
    assert stem("roses/anna_nohash_1.jpg") == stem("roses/anna_nohash_2_nohash_3.jpg") == "roses/anna"
    assert stem("roses/anna.jpg") == "roses/anna.jpg"


HASH = "0123456789abcdef0123456789abcdef"


def test_the_stem_ends_at_roboflows_hash():
    assert stem(f"cat/IMG_3_jpg.rf.{HASH}.jpg") == "cat/IMG_3_jpg"
    assert stem("cat/IMG_3_png.rf.0FZkdaWdGhwCLgYbHnVz.png") == "cat/IMG_3_png"
    assert stem("cat/a.rf.short.jpg") == "cat/a.rf.short.jpg"
    assert (
        hash_key(f"cat/3_jpg.rf.{HASH}.jpg", "c0") == hash_key(f"3_jpg.rf.{HASH[::-1]}.jpg", "c1") == "3_jpg"
    )


def test_validation_takes_the_low_end_and_then_test():
    places = [0.0, 9.99, 10.0, 19.99, 20.0, 100.0]
    assert [split_at(place, BOUNDS) for place in places] == [
        *("validation", "validation", "test", "test", "train", "train")
    ]
    assert split_at(0.0, (0.0, 0.0, 0.0, 100.0)) == "train"
    assert split_at(0.0, (0.0, 0.0, 10.0, 100.0)) == "test"


def test_a_large_class_is_split_by_hash_alone():
    names = [f"a/{index}.jpg" for index in range(1000)]
    examples, notes = assign_splits(alone(*names), 10, 20)
    by_hash = [split_at(percentage(name), (0.0, 10.0, 30.0, 100.0)) for name in names]
    assert examples["split"].tolist() == by_hash
    assert notes == []
    assert 70 < by_hash.count("validation") < 130
    assert 150 < by_hash.count("test") < 250


def test_one_two_and_three_images():
    assert counts(splits(alone("a/1.jpg"))) == {"train": 1}
    assert counts(splits(alone("a/1.jpg", "a/2.jpg"))) == {"train": 1, "validation": 1}
    assert counts(splits(alone("a/1.jpg", "a/2.jpg"), 0, 10)) == {"train": 1, "test": 1}
    assert counts(splits(alone("a/1.jpg", "a/2.jpg", "a/3.jpg"))) == {"train": 1, "validation": 1, "test": 1}
    assert counts(splits(alone("a/1.jpg", "a/2.jpg", "a/3.jpg"), 0, 0)) == {"train": 3}
    assert counts(splits(alone("a/1.jpg", "a/2.jpg", "a/3.jpg"), 0, 100)) == {"train": 1, "test": 2}


def moved(hashed: dict[str, float], in_train: int = 0) -> dict[str, str]:
    """The groups of one class that were moved, and where to."""
    groups = dict.fromkeys([*hashed, *map(str, range(in_train))], of("a"))
    split_of, filled = fill_splits(groups, hashed, BOUNDS)
    return {group: split_of[group] for group in filled}


def test_the_nearest_hash_fills_an_empty_split():
    assert moved({"p": 90.0, "q": 25.0, "r": 30.0, "s": 80.0}) == {"q": "validation", "r": "test"}
    assert moved({"p": 1.0, "q": 12.0, "r": 11.0}) == {"q": "train"}
    assert moved({"p": 15.0, "q": 12.0}) == {"p": "train", "q": "validation"}
    assert moved({"p": 5.0, "q": 12.0, "r": 50.0}) == {}


def test_what_is_in_train_anyway_counts():
    assert moved({"p": 5.0}, 1) == {}
    assert moved({"p": 15.0}, 1) == {"p": "validation"}
    assert moved({"p": 50.0, "q": 60.0}, 1) == {"p": "validation", "q": "test"}
    assert moved({}, 3) == {}


def test_a_group_of_most_images_is_trained_on():
    group = next(f"g{n}" for n in range(99) if split_at(percentage(f"g{n}"), BOUNDS) == "test")
    files = {f"a/{index}.jpg": group for index in range(6)} | {f"a/x{n}.jpg": f"a/x{n}.jpg" for n in range(5)}
    split_of = splits(table(files))
    assert {split_of[path] for path, of_path in files.items() if of_path == group} == {"train"}
    assert set(split_of.values()) == set(SPLITS)


def test_train_comes_before_all_that_other_splits_lose():
    hashed = {"p": 5.0, "q": 15.0, "r": 50.0, "s": 60.0}
    labels = {"p": of("a", "b", "c"), **dict.fromkeys("qrs", of("b", "c"))}
    split_of, filled = fill_splits(labels, hashed, BOUNDS)
    assert split_of == {"p": "train", "q": "test", "r": "validation", "s": "train"}
    assert filled == {"p": "class 'a' had no train image", "r": "class 'b' had no validation image"}


def test_a_filled_split_is_noted():
    names = ["a/1.jpg", "a/2.jpg", "a/3.jpg"]
    hashed = {name: percentage(name) for name in names}
    assert [split_at(hashed[name], BOUNDS) for name in names] == ["train"] * 3
    low, middle, high = sorted(names, key=hashed.__getitem__)
    examples, notes = assign_splits(alone(*names), 10, 10)
    assert dict(zip(names, examples["split"], strict=True)) == {
        low: "validation",
        middle: "test",
        high: "train",
    }
    assert sorted(notes) == sorted(
        [
            f"{low!r} is in validation, not train: class 'a' had no validation image.",
            f"{middle!r} is in test, not train: class 'a' had no test image.",
        ]
    )


def test_near_duplicates_get_one_split_and_a_note():
    names = [f"a/{index}.jpg" for index in range(200)]
    by_hash = {name: split_at(percentage(name), BOUNDS) for name in sorted(names)}
    first = next(name for name in by_hash if by_hash[name] == "train")
    second = next(name for name in by_hash if by_hash[name] == "test" and name > first)
    examples, notes = assign_splits(table({name: name for name in names} | {second: first}), 10, 10)
    assert dict(zip(examples["path"], examples["split"], strict=True)) == by_hash | {second: "train"}
    assert notes == [f"{second!r} is in train, not test: it duplicates {first!r}."]


def test_the_image_after_which_its_group_is_called_duplicates_another():
    names = [f"a/{index}.jpg" for index in range(200)]
    by_hash = {name: split_at(percentage(name), BOUNDS) for name in sorted(names)}
    first = next(name for name in by_hash if by_hash[name] == "train")
    second = next(name for name in by_hash if by_hash[name] == "test" and name > first)
    _, notes = assign_splits(table({name: name for name in names} | {first: second}), 10, 10)
    assert notes == [f"{second!r} is in train, not test: it duplicates {first!r}."]


def test_duplicates_that_are_most_of_the_images_say_so():
    names = [f"a/{index}.jpg" for index in range(40)]
    moved = next(name for name in names if split_at(percentage(name), BOUNDS) == "test")
    _, notes = assign_splits(table(dict.fromkeys(names, moved)), 10, 10)
    why = "with its duplicates it is more than half of the images"
    assert f"{moved!r} is in train, not test: {why}." in notes


def test_what_is_hashed_hangs_on_no_folder():
    assert hash_key("roses/1.jpg", "c0") == hash_key("tulips/old/2.jpg", "c0") == "c0"
    assert hash_key("roses/anna_nohash_1.jpg", "c0") == hash_key("tulips/anna_nohash_2.jpg", "c1") == "anna"


def test_the_same_content_in_two_classes_stays_in_train():
    alike = [*(f"a/{index}.jpg" for index in range(4)), *(f"b/{index}.jpg" for index in range(4))]
    files = {
        **dict.fromkeys(alike, "a/0.jpg"),
        **{f"{name}/x{i}.jpg": f"{name}/x{i}.jpg" for name in "ab" for i in (1, 2)},
    }
    examples, notes = assign_splits(table(files), 10, 10)
    split_of = dict(zip(examples["path"], examples["split"], strict=True))
    assert {split_of[path] for path in alike} == {"train"}
    for name in "ab":
        assert {split_of[f"{name}/x{i}.jpg"] for i in (1, 2)} == {"validation", "test"}
    assert "'b/3.jpg' is in train: its group 'a/0.jpg' lies in the classes 'a', 'b'." in notes


def test_a_group_that_the_user_named_is_called_so():
    names = [f"a/{index}.jpg" for index in range(30)]
    by_hash = {name: split_at(percentage(name), BOUNDS) for name in sorted(names)}
    first = next(name for name in by_hash if by_hash[name] == "train")
    second = next(name for name in by_hash if by_hash[name] == "validation" and name > first)
    _, notes = assign_splits(table({name: name for name in names} | {first: "anna", second: "anna"}), 10, 10)
    assert notes == [f"{second!r} is in train, not validation: its group is 'anna'."]


@given(worlds, percentages, st.randoms())
def test_the_order_of_rows_does_not_matter(examples, asked, random):
    rows = list(range(len(examples)))
    random.shuffle(rows)
    shuffled = examples.iloc[rows].reset_index(drop=True)
    assert splits(shuffled, *asked) == splits(examples, *asked)
    assert assign_splits(shuffled, *asked)[1] == assign_splits(examples, *asked)[1]


@given(worlds, percentages)
def test_no_group_lies_in_two_splits_and_every_image_in_one(examples, asked):
    done, _ = assign_splits(examples, *asked)
    assert set(done["split"]) <= set(SPLITS)
    assert (done.groupby("group")["split"].nunique() == 1).all()


@given(worlds, percentages)
def test_every_class_has_what_it_can_have(examples, asked):
    done, _ = assign_splits(examples, *asked)
    wanted = ["train", *(split for split, share in zip(SPLITS[1:], asked, strict=True) if share > 0)]
    for _, of_class in done.groupby("label"):
        number = of_class["group"].nunique()
        if number >= 3:
            assert set(of_class["split"]) == set(wanted)
        else:
            assert set(of_class["split"]) == set(wanted[:number])


@given(path_sets, path_sets, percentages)
def test_adding_images_moves_none_but_those_that_fill_a_split(old, new, asked):
    before, notes_before = assign_splits(alone(*old), *asked)
    after, notes_after = assign_splits(alone(*old | new), *asked)
    moved = {path for path in old if splits(before, *asked)[path] != splits(after, *asked)[path]}
    noted = {re.match("'(.*?)'", note)[1] for note in [*notes_before, *notes_after]}
    assert moved <= noted


@given(path_sets, path_sets)
def test_adding_images_to_a_class_with_all_splits_moves_nothing(old, new):
    before = splits(alone(*old))
    after = splits(alone(*old | new))
    by_hash = {path: split_at(percentage(path), BOUNDS) for path in old}
    for name in "abc":
        of_class = [path for path in old if path[0] == name]
        if {by_hash[path] for path in of_class} == set(SPLITS):
            assert all(before[path] == after[path] == by_hash[path] for path in of_class)


moves = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1, max_size=60)


@given(moves, st.booleans())
def test_moving_files_between_classes_moves_none_between_splits_but_those_that_fill_one(classes, renamed):
    def world(now: int) -> list[HashedImage]:
        paths = [f"{both[now]}/{index}{'-2' * now * renamed}.jpg" for index, both in enumerate(classes)]
        return [HashedImage(path, path, of(path[0]), f"content {index}") for index, path in enumerate(paths)]

    def unmoved(images: list[HashedImage]) -> list[str | None]:
        found, notes = hash_splits(images, (30, 30))
        noted = {re.match("'(.*?)'", note)[1] for note in notes}
        return [None if image.path in noted else split for image, split in zip(images, found, strict=True)]

    pairs = zip(unmoved(world(0)), unmoved(world(1)), strict=True)
    assert all(old == new for old, new in pairs if old and new)


def test_where_classes_have_all_splits_correcting_labels_moves_nothing():
    names = [f"content {index}" for index in range(1000)]

    def found(class_of: dict[str, str]) -> list[str]:
        images = [
            HashedImage(f"{class_of[n]}/{n}.jpg", f"{class_of[n]}/{n}.jpg", of(class_of[n]), n) for n in names
        ]
        return hash_splits(images, (10, 10))[0]

    before = {name: "abcdefghij"[index % 10] for index, name in enumerate(names)}
    assert found(before) == found(before | dict.fromkeys(names[:25], "j"))


def each_alone(labels: list[Labels]) -> list[HashedImage]:
    paths = [f"{index}.jpg" for index in range(len(labels))]
    return [HashedImage(path, path, of_image, path) for path, of_image in zip(paths, labels, strict=True)]


def spread(labels: list[Labels], asked: tuple[float, float] = (10, 10)) -> dict[str, list[str]]:
    """Label -> the splits of its images, one image a group."""
    paths = [f"{index}.jpg" for index in range(len(labels))]
    found, _ = hash_splits(
        [HashedImage(path, path, of, path) for path, of in zip(paths, labels, strict=True)], asked
    )
    return {
        name: [split for split, names in zip(found, labels, strict=True) if (task, name) in names]
        for task, name in frozenset().union(*labels)
    }


@given(st.lists(st.frozensets(st.sampled_from("abcdefgh"), max_size=4), min_size=1, max_size=40), percentages)
def test_every_one_of_several_labels_is_in_train(names, asked):
    for splits_of in spread([of(*chosen) for chosen in names], asked).values():
        assert "train" in splits_of


@pytest.mark.parametrize(("images", "classes", "each"), [(300, 40, 1), (2000, 300, 3)])
@pytest.mark.parametrize("seed", range(3))
def test_tables_of_rare_classes_have_each_in_every_split(images, classes, each, seed):
    random = np.random.default_rng(seed)
    names = [of(*map(str, random.choice(classes, each, replace=False))) for _ in range(images)]
    for splits_of in spread(names).values():
        assert set(splits_of) == (set(SPLITS) if len(splits_of) > 2 else set(SPLITS[: len(splits_of)]))


def test_the_hash_decides_where_every_label_is_everywhere():
    paths = [f"{index}.jpg" for index in range(300)]
    labels = [of("a", "b") if index % 2 else of("a") for index in range(300)]
    found, notes = hash_splits(
        [HashedImage(path, path, of, path) for path, of in zip(paths, labels, strict=True)], (10, 10)
    )
    assert (found, notes) == ([split_at(percentage(path), BOUNDS) for path in paths], [])
