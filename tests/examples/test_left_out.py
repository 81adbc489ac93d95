import numpy as np

from retrain.data.layout import read_listing
from retrain.examples.labelled import heads_of
from retrain.examples.left_out import (
    class_without_images,
    drop_leaks,
    evaluation_examples,
    join_labels,
    too_many_skipped,
    training_examples,
    without_skipped,
)
from retrain.heads.softmax import SoftmaxHead
from tests import tiny_worlds
from tests.examples.worlds import made_up, of_folder

LEAKS = {
    "train/a/1.jpg": b"leak",
    "train/a/2.jpg": b"leak",
    "train/a/3.jpg": b"twice",
    "train/a/4.jpg": b"twice",
    "train/b/5.jpg": b"other leak",
    "train/b/6.jpg": b"alone",
    "val/a/7.jpg": b"leak",
    "val/a/8.jpg": b"held out",
    "test/a/9.jpg": b"held out",
    "test/b/9.jpg": b"other leak",
}
HEADS = {"label": SoftmaxHead("ab")}


def groups(image_dir: str) -> dict[str, str]:
    examples, _ = training_examples(read_listing(image_dir), HEADS)
    return dict(zip(examples.paths, examples.groups, strict=True))


def test_train_loses_what_another_split_has(tree):
    examples, leaks = drop_leaks(of_folder(tree(LEAKS)))
    assert list(leaks.items()) == [
        ("train/b/5.jpg", "test/b/9.jpg"),
        ("train/a/1.jpg", "val/a/7.jpg"),
        ("train/a/2.jpg", "val/a/7.jpg"),
    ]
    kept = ["test/a/9.jpg", "test/b/9.jpg", *(f"train/a/{n}.jpg" for n in (3, 4)), "train/b/6.jpg"]
    assert examples.paths == [*kept, "val/a/7.jpg", "val/a/8.jpg"]
    assert examples.tasks["label"].cells == list("abaabaa")
    assert examples.table.index.tolist() == list(range(7))


def test_what_leaks_is_told(tree, logged):
    examples, leaks = training_examples(read_listing(tree(LEAKS)), HEADS)
    assert leaks.to_dict("records")[0] == {
        "path": "train/b/5.jpg",
        "reason": "not trained on: the same image is test/b/9.jpg",
    }
    assert (len(examples), len(leaks)) == (7, 3)
    assert logged[1:] == ["3 images of train are left out, being in another split, too."]
    assert examples.groups == examples.paths  # a given split is not regrouped


def test_nothing_leaks(tree, logged):
    photos = tree([f"{split}/{name}/1.jpg" for split in ("train", "test") for name in "ab"])
    examples, leaks = training_examples(read_listing(photos), HEADS)
    assert (len(examples), list(leaks.columns), len(leaks)) == (4, ["path", "reason"], 0)
    assert logged == ["Splits as given: train, test."]


def test_all_that_is_evaluated_stays(tree):
    listing = read_listing(tree(LEAKS))
    assert evaluation_examples(listing, HEADS).paths == listing.paths


def test_images_of_one_thing_are_a_group(tree):
    photos = tree(["a/x_nohash_1.jpg", "a/x_nohash_2.jpg", "a/x.jpg", "b/x_nohash_1.jpg"])
    assert groups(photos) == {
        "a/x.jpg": "a/x.jpg",
        "a/x_nohash_1.jpg": "a/x",
        "a/x_nohash_2.jpg": "a/x",
        "b/x_nohash_1.jpg": "b/x",
    }


def test_images_with_the_same_content_are_a_group_called_after_the_first(tree):
    photos = tree({"a/2.jpg": b"same", "a/1.jpg": b"same", "a/3.jpg": b"else", "b/1.jpg": b"same"})
    assert groups(photos) == {
        "a/1.jpg": "a/1.jpg",
        "a/2.jpg": "a/1.jpg",
        "a/3.jpg": "a/3.jpg",
        "b/1.jpg": "a/1.jpg",
    }


def test_the_same_content_in_several_folders_has_several_labels_under_sigmoid(tmp_path):
    photos = tmp_path / "photos"
    tiny_worlds.colour_folder(photos, 2)
    (photos / "cyan" / "copy.png").write_bytes((photos / "yellow" / "001.png").read_bytes())
    listing = read_listing(str(photos))
    for kind, count in (("softmax", 7), ("sigmoid", 6)):
        heads = heads_of(listing, {"label": kind})
        examples = evaluation_examples(listing, heads)
        assert len(examples) == count
        task = examples.tasks["label"]
        labels = dict(zip(examples.paths, task.cells, strict=True))
        assert labels["cyan/copy.png"] == ("cyan" if kind == "softmax" else "cyan|yellow")
        np.testing.assert_array_equal(task.labels, heads["label"].encode(task.cells))


def test_twice_in_one_folder_stays_two_images(tree):
    examples = of_folder(tree({"a/1.jpg": b"same", "a/2.jpg": b"same", "b/1.jpg": b"1"}), "sigmoid")
    assert join_labels(examples).paths == ["a/1.jpg", "a/2.jpg", "b/1.jpg"]


PATHS = [f"{name}/{index}.png" for name in ("cyan", "yellow") for index in range(4)]
EXAMPLES = made_up(PATHS, label=["cyan"] * 4 + ["yellow"] * 4).with_features(
    np.arange(8, dtype=np.float32)[:, None]
)


def test_rows_agree_without_what_was_skipped():
    kept, skipped = without_skipped(EXAMPLES, {5: "empty file", 1: "damaged"})
    assert skipped.to_dict("records") == [
        {"path": "yellow/1.png", "reason": "empty file"},
        {"path": "cyan/1.png", "reason": "damaged"},
    ]
    assert kept.paths == [path for path in PATHS if "/1" not in path]
    assert kept.features.ravel().tolist() == [0, 2, 3, 4, 6, 7]
    assert kept.tasks["label"].labels.tolist() == [0, 0, 0, 1, 1, 1]


def test_nothing_skipped():
    kept, skipped = without_skipped(EXAMPLES, {})
    assert kept is EXAMPLES
    assert (list(skipped.columns), len(skipped)) == (["path", "reason"], 0)


def test_too_many_that_are_no_images():
    _, skipped = without_skipped(EXAMPLES, {0: "empty file", 7: "empty file"})
    assert too_many_skipped(skipped, 8, 25.0) is None
    assert too_many_skipped(skipped, 8, 10.0) == (
        "2 of 8 images (25.0 %) cannot be decoded, such as 'cyan/0.png' (empty file), and "
        "--max_skipped_percentage allows 10 %: mend or remove them, or allow more."
    )


def test_a_class_folder_of_which_no_image_is_left():
    reasons = {0: "damaged", **dict.fromkeys(range(4, 8), "empty file")}
    kept, skipped = without_skipped(EXAMPLES, reasons)
    assert class_without_images(EXAMPLES, kept, skipped) == (
        "No image of 'yellow' can be decoded, such as 'yellow/0.png' (empty file): add images, or remove the "
        "class."
    )
    kept, skipped = without_skipped(EXAMPLES, {4: "damaged"})
    assert class_without_images(EXAMPLES, kept, skipped) is None
