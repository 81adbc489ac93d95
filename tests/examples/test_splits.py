import collections

import pytest

from retrain.data.layout import read_listing
from retrain.data.table import read
from retrain.errors import InputError
from retrain.examples.hash_split import HashedImage, hash_splits, percentage, split_at
from retrain.examples.labelled import LabelledExamples
from retrain.examples.left_out import training_examples
from retrain.examples.split_file import Frozen
from retrain.examples.splits import label_sets, log_splits, split
from retrain.heads.softmax import SoftmaxHead
from tests import tiny_worlds
from tests.examples.worlds import made_up, of_folder, of_listing
from tests.examples.worlds import read as read_files


def counts(examples: LabelledExamples) -> dict[str, int]:
    return dict(collections.Counter(examples.splits))


def test_a_given_split_stays(tmp_path, logged):
    for part in ("train", "val"):
        tiny_worlds.colour_folder(tmp_path / "split" / part, 2)
    examples = of_folder(str(tmp_path / "split"))
    assert split(examples, (50.0, 50.0)) is examples
    log_splits(examples)
    assert logged[1:] == ["12 images of 3 classes: 6 train, 6 validation."]


def test_others_are_decided_by_hash(colour_folder, logged):
    examples = split(of_folder(colour_folder), (10.0, 10.0))
    assert counts(examples) == {"train": 18, "validation": 3, "test": 3}
    log_splits(examples)
    assert logged[-1] == "24 images of 3 classes: 18 train, 3 validation, 3 test."


def test_copies_of_roboflow_share_a_split(tmp_path, logged):
    for number in range(4):
        tiny_worlds.colour_folder(tmp_path / str(number), 8)
    for file in sorted(tmp_path.rglob("*.png")):
        copy, name = file.parts[-3:-1]
        target = tmp_path / "photos" / name / f"{file.stem}_png.rf.{copy * 32}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes() + copy.encode())
    examples = split(of_folder(str(tmp_path / "photos")), (20.0, 20.0))
    splits = collections.defaultdict(set)
    for path, where in zip(examples.paths, examples.splits, strict=True):
        splits[path.partition(".rf.")[0]].add(where)
    assert len(splits) == 24
    assert {len(where) for where in splits.values()} == {1}
    assert set(examples.splits) == {"train", "validation", "test"}
    assert logged[0] == (
        "72 images are called as Roboflow calls copies of others (NAME.rf.HASH.jpg): those of one NAME share "
        "a split."
    )


def test_few_of_many_notes_are_shown(tmp_path, logged):
    for label in range(8):
        tiny_worlds.colour_folder(tmp_path / "photos" / f"class {label}", 1)
        folder = tmp_path / "photos" / f"class {label}"
        (folder / "cyan").rename(folder / f"cyan {label}")
    split(of_folder(str(tmp_path / "photos")), (1.0, 1.0))
    assert sum(" is in " in line for line in logged) == 5
    assert logged[-1].startswith("... and ")
    assert logged[-1].endswith(" more images are not where their hash would put them.")


def test_a_frozen_split(colour_folder, logged):
    examples = of_folder(colour_folder)
    frozen = {path: "test" if path.endswith("0.png") else "train" for path in examples.paths}
    assert split(examples, (10.0, 10.0), Frozen(frozen)).splits == list(frozen.values())
    assert logged == []
    del frozen[examples.paths[0]]
    by_hash = split(examples, (10.0, 10.0)).splits
    assert split(examples, (10.0, 10.0), Frozen(frozen)).splits == [by_hash[0], *frozen.values()]
    assert logged[-1] == "1 of 24 images are not in the split file: their group or their hash decides."
    with pytest.raises(InputError, match="The split file was expected to name images of this folder"):
        split(examples, (10.0, 10.0), Frozen({"other.png": "train"}))


def test_labels_of_every_task():
    examples = made_up(["1", "2", "3"], kind=["x", None, "y"], tags=[None, "red|?big", ""])
    assert label_sets(examples) == [
        {("kind", "x")},
        {("tags", "red"), ("tags", "big")},
        {("kind", "y")},
    ]


def held_out_pair() -> list[str]:
    """Two paths that their hashes put into validation and into test."""
    bounds = (0.0, 10.0, 20.0, 100.0)
    paths = [f"{index}.jpg" for index in range(200)]
    return [next(p for p in paths if split_at(percentage(p), bounds) == of) for of in ("validation", "test")]


def test_a_class_of_two_images_in_a_table_of_one_task_has_one_in_train():
    rare = held_out_pair()
    paths = sorted([*rare, *(f"x{index}.jpg" for index in range(40))])
    examples = made_up(paths, kind=["rare" if path in rare else "common" for path in paths])
    found = dict(zip(paths, split(examples, (10.0, 10.0)).splits, strict=True))
    assert sorted(found[path] for path in rare) == ["train", "validation"]


@pytest.mark.parametrize("tags", [["a|b", "a", "b"], ["a", None, "b"]])
def test_where_images_have_more_labels_or_none_no_label_is_left_out(tags):
    paths = [f"{index}.jpg" for index in range(60)]
    examples = made_up(paths, tags=tags * 20)
    rows = zip(paths, paths, label_sets(examples), paths, strict=True)
    images = [HashedImage(*row) for row in rows]
    assert split(examples, (10.0, 10.0)).splits == hash_splits(images, (10.0, 10.0))[0]


def test_groups_of_several_classes_are_split_when_the_user_made_them_and_stay_in_train_as_copies(
    tmp_path, tree
):
    rows = "".join(f"{index}.jpg,{'ab'[index % 2]},patient {index // 4}\n" for index in range(120))
    (tmp_path / "labels.csv").write_text("path,kind,group\n" + rows)
    examples = split(of_listing(read(str(tmp_path / "labels.csv"))), (20.0, 20.0))
    assert set(counts(examples)) == {"train", "validation", "test"}
    photos = tree({f"{name}/{index}.jpg": bytes([index]) for index in range(40) for name in "ab"})
    copies, _ = training_examples(read_listing(photos), {"label": SoftmaxHead("ab")})
    assert counts(split(read_files(copies), (20.0, 20.0))) == {"train": 80}


def test_groups_of_one_class_that_the_user_made_share_a_split(tmp_path):
    rows = "".join(f"{index:03}.jpg,{'ab'[index // 60]},burst {index // 3}\n" for index in range(120))
    (tmp_path / "labels.csv").write_text("path,kind,group\n" + rows)
    examples = split(of_listing(read(str(tmp_path / "labels.csv"))), (20.0, 20.0))
    assert set(counts(examples)) == {"train", "validation", "test"}
    assert (examples.table.groupby("group")["split"].nunique() == 1).all()
