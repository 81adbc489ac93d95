"""Layouts of folders that people have, and what must be understood of each: the splits, or a question."""

import os

import hypothesis
import hypothesis.strategies as st
import pytest

from retrain.data.layout import read_listing, reader_of
from retrain.data.listing import TASK
from retrain.data.split_words import SPLIT_WORDS
from retrain.errors import InputError
from tests.tiny_parquet import parquet_file
from tests.tiny_records import record_file

AB = ("a", "b")
ALL, NONE = set(SPLIT_WORDS), {""}


def below(*words: str, classes: tuple[str, ...] = AB) -> list[str]:
    """Images in class folders below each of the words."""
    return [f"{word}/{name}/{word}.jpg" for word in words for name in classes]


def flat(*folders: str) -> list[str]:
    return [f"{folder}/{number}.jpg" for folder in folders for number in (1, 2)]


UNDERSTOOD = {
    # layout: files, reader, classes, splits
    "class folders": (flat(*AB), "folder", AB, NONE),
    "folders in class folders": ([*below(*AB, classes=("x", "y")), *flat("a/z")], "folder", AB, NONE),
    "images in folders of each class": (below(*AB, classes=("images/x", "images/y"))[:3], "folder", AB, NONE),
    "masks or none": (flat("with_mask", "without_mask"), "folder", ("with_mask", "without_mask"), NONE),
    "images of masks": (flat("mask_img", "normal_img"), "folder", ("mask_img", "normal_img"), NONE),
    "parts of each class": (below(*AB, classes=("part1", "part2")), "folder", AB, NONE),
    "trn, tst": (below("trn", "tst"), "split_folder", AB, {"train", "test"}),
    "validate and tests": (below("train", "validate", "tests"), "split_folder", AB, ALL),
    "unseen": (below("train", "Unseen"), "split_folder", AB, {"train", "test"}),
    "train only": (below("train"), "split_folder", AB, {"train"}),
    "train, val, test": (below("train", "val", "test"), "split_folder", AB, ALL),
    "Roboflow": (below("train", "valid", "test"), "split_folder", AB, ALL),
    "capitals": (below("Train", "VAL", "Test"), "split_folder", AB, ALL),
    "Training, Testing": (below("Training", "Testing"), "split_folder", AB, {"train", "test"}),
    "dev and holdout": (below("train", "dev", "holdout"), "split_folder", AB, ALL),
    "eval": (below("train", "eval"), "split_folder", AB, {"train", "validation"}),
    "evaluation": (below("train", "Evaluation"), "split_folder", AB, {"train", "validation"}),
    "hold-out": (below("train", "hold-out"), "split_folder", AB, {"train", "test"}),
    "litter beside classes": ([*flat(*AB, "@eaDir", "lost+found", "a/@eaDir"), ".DS_Store", "Thumbs.db",
                               ".ipynb_checkpoints/a/1.jpg", "__MACOSX/a/1.jpg"], "folder", AB, NONE),
    "litter beside splits": ([*below("train", "test", "__MACOSX"), "train/.DS_Store"], "split_folder", AB,
                             {"train", "test"}),
    "more litter": (flat(*AB, "@Recycle", "__pycache__", "LOST.DIR"), "folder", AB, NONE),
    "a name like a split's, one folder in each": (below("bullet train", "bus", classes=("2019",)), "folder",
                                                  ("bullet train", "bus"), NONE),
    "litter in classes": ([*below(*AB, classes=("train", "test")), "a/@eaDir/train/1.jpg"],
                          "class_split_folder", AB, {"train", "test"}),
    "a class of masks": (flat("masks", "no masks"), "folder", ("masks", "no masks"), NONE),
    "images in each class": (below(*AB, classes=("images",)), "folder", AB, NONE),
    "classes as they are written": (below("train", "Test", classes=("Wolf", "b c")), *("split_folder",),
                                    ("Wolf", "b c"), {"train", "test"}),
    "files beside splits": ([*below("train", "valid"), "data.yaml", "1.jpg"], "split_folder", AB,
                            {"train", "validation"}),
    "splits in classes": (below(*AB, classes=("train", "test")), "class_split_folder", AB, {"train", "test"}),
    "Splits in classes": (below(*AB, classes=("Training", "Valid", "holdout")), "class_split_folder", AB,
                          ALL),
    "one class without test": ([*below("a", classes=("train", "test")), "b/train/x/1.jpg"],
                               "class_split_folder", AB, {"train", "test"}),
    "one split in each class": (below(*AB, classes=("train",)), "folder", AB, NONE),
    "a train has wheels": (flat("bus", "train"), "folder", ("bus", "train"), NONE),
    "valid and not": (flat("Valid", "invalid"), "folder", ("Valid", "invalid"), NONE),
    "a class with kinds": (["train/steam/1.jpg", "bus/1.jpg"], "folder", ("bus", "train"), NONE),
    "classes that sound like splits": (flat("bullet train", "bus", "test tube"), "folder",
                                       ("bullet train", "bus", "test tube"), NONE),
    "a folder called test in one class": ([*flat("a", "b"), "a/test/3.jpg"], "folder", AB, NONE),
    "one class": (flat("a"), "folder", ("a",), NONE),
    "one class, deeper": (["a/x/1.jpg"], "folder", ("a",), NONE),
}  # fmt: skip

# layout: files, the folder that is asked about, words of the question
ASKED = {
    "Kaggle": (flat("train", "test"), "and no class folders below"),
    "flat, with a table": ([*flat("Train", "Valid", "Test"), "train/labels.csv"], "--labels_file"),
    "flat, each with a table": ([*flat("train", "test"), "train/metadata.csv", "test/metadata.csv"],
                               "take the tables in them with --labels_file={}, or,"),
    "flat splits beside Kaggle's tables": (
        [*flat("train", "test"), "sample_submission.csv", "test.csv", "train_labels.csv"],
        "take the table beside them with --labels_file={}/train_labels.csv, or,",
    ),
    "images beside a form for answers": (["1.jpg", "sample_submission.csv"], "no class folders and 1 image"),
    "a file of JSON for each image": (["1.jpg", "1.json"], "has no class folders and 1 image directly in it"),
    "images alone in YOLO's folders": ([*flat("images/train", "images/val"), "labels/train/1.txt"],
                                       "if all images in it are of one class, move"),
    "one flat split": (flat("train"), "1 folder named like a split ('train') and no class folders below"),
    "one split is flat": ([*below("train", "val"), *flat("test")], "no class folders but 2 images"),
    "train, val, unlabeled": ([*below("train", "val"), *flat("unlabeled")], "beside 'unlabeled'"),
    "extra with classes": (below("train", "valid", "extra"), "('train', 'valid') beside 'extra'"),
    "photos to test on beside classes": (flat("roses", "test", "tulips"), "has the folder 'test', which"),
    "two such": (flat("a", "b", "Test1", "test_images"), "has the folder 'Test1', which"),
    "a set": (flat("a", "b", "testset"), "has the folder 'testset', which"),
    "with images and folders": ([*flat("holdout", "roses"), *below("holdout")], "folder 'holdout', which"),
    "flat, and more": (flat("train", "test", "sample"), "('test', 'train') beside 'sample'"),
    "train, unlabeled": ([*below("train"), *flat("unlabeled")], "('train') beside 'unlabeled'"),
    "one class, and more of it": (below("train", "more", classes=("a",)), "('train') beside 'more'"),
    "one split and more of the same": (below("train", "more"), "('train') beside 'more'"),
    "sets": (below("training_set", "test_set"), "('test_set', 'training_set'), but"),
    "flat sets": (flat("TrainImages", "TestImages"), "('TestImages', 'TrainImages'), but"),
    "folds": (below("fold1", "fold2"), "that hold the same folders ('a', 'b') each"),
    "words of another language": (below("treino", "teste"), "name these train, validation and test"),
    "splits of superclasses": (below("train/x", "train/y"), "'{}/train' has 2 folders ('x', 'y') that hold"),
    "as Intel is packed": (
        [*below("seg_train/seg_train", "seg_test/seg_test"), *flat("seg_pred/seg_pred")],
        "('seg_test', 'seg_train') beside 'seg_pred'",
    ),
    "one of two": (below("rps", "rps-test-set"), "named like splits ('rps-test-set') beside 'rps'"),
    "photos to test on beside all classes": ([*below("set"), *flat("kaggle_testset/kaggle_testset")],
                                             "like splits ('kaggle_testset') beside 'set'"),
    "splits deeper in a class": ([*flat("a/x/train", "a/x/test"), *flat("b")], "('a/x/test', 'a/x/train')"),
    "one of two is wrapped": ([*below("Plants"), *below("plants/Plants")], "('Plants', 'plants') that hold"),
    "a copy by its name": (flat("dog", "dog - Copy", "cat"), "the folder 'dog - Copy' beside 'dog', as"),
    "img and gt": (flat("img", "gt"), "the folder 'gt' beside 'img', as sets for detection"),
    "images and labels in words": (flat("original_images", "label_images"), "beside 'original_images'"),
    "domains": (below("amazon/images", "dslr/images"), "'{}' has 2 folders ('amazon', 'dslr') that hold the"),
    "masks of what is to train on": (flat("train", "train_masks"), "'train_masks' beside 'train', as sets"),
    "wrapped beside annotations": ([*below("images/Images"), "annotations/Annotation/a/1"],
                                   "did you mean '{}/images/Images'?"),
    "packed twice": ([*flat("yes", "no"), *below("set", classes=("yes", "no"))], "folder 'set' beside 'no'"),
    "years": (below("train2017", "val2017"), "('train2017', 'val2017'), but"),
    "Intel": ([*below("seg_train", "seg_test"), *flat("pred")], "('seg_test', 'seg_train') beside 'pred'"),
    "two words for one split": (below("train", "val", "Valid"), "both 'Valid' and 'val'"),
    "two words for train": (below("train", "Training"), "both 'Training' and 'train', but one train split"),
    "no train": (below("valid", "holdout"), "no 'train'"),
    "two words in a class": (below(*AB, classes=("train", "val", "dev")), "both 'dev' and 'val'"),
    "one class is not split": ([*below("a", classes=("train", "test")), *flat("b")], "('a/test', 'a/train')"),
    "images beside": ([*flat(*AB), *below(*AB, classes=("test",))], "outside such folders ('a/1.jpg')"),
    "a class without train": ([*below("a", classes=("train", "test")), *flat("b/test")], "to train on ('b')"),
    "wrapper": ([*flat("flowers/a", "flowers/b"), "LICENSE.txt"], "did you mean '{}/flowers'?"),
    "wrapper beside litter": (flat("flowers/a", "flowers/b", "__MACOSX/flowers"), "mean '{}/flowers'"),
    "YOLO": (below("images", "labels", classes=("train", "val")), "'{}' has the folder 'labels' beside"),
    "YOLOv8": (below("train", "valid", classes=("images", "labels")), "'{}/train' has the folder 'labels'"),
    "VOC": (flat("JPEGImages", "Annotations", "ImageSets/Main"), "'Annotations' beside 'JPEGImages'"),
    "COCO": (flat("train2017", "val2017", "annotations"), "'annotations' beside 'train2017', 'val2017'"),
    "Oxford pets": (flat("images", "annotations/trimaps"), "'{}' has the folder 'annotations'"),
    "Stanford dogs": (below("Images", "Annotation"), "were expected: did you mean '{}/Images'?"),
    "Food-101": ([*below("images"), "meta/classes.txt"], "were expected: did you mean '{}/images'?"),
    "masks in each class": (below(*AB, classes=("images", "masks")), "'{}/a' has the folder 'masks' beside"),
    "images beside a table": (["1.jpg", "metadata.csv"], "name it with --labels_file={}/metadata.csv."),
    "folders of parts beside a table": (
        [*flat("set_images_part_1", "batch2"), "a.json", "l.csv"],
        "2 folders of images ('batch2', 'set_images_part_1') and the table 'l.csv'",
    ),
    "flat splits beside a table": ([*flat("train", "test"), "l.csv"], "the table beside them with --labels"),
    "a folder beside a table": ([*flat("images"), "l.csv"], "1 folder of images ('images') and the table"),
    "two wrappers": (flat("x/flowers/a", "x/flowers/b"), "did you mean '{}/x/flowers'?"),
    "wrapped splits": ([f"data/{path}" for path in below("train", "test")], "did you mean '{}/data'?"),
    "a wrapped train": ([f"data/{path}" for path in below("train")], "did you mean '{}/data'?"),
}  # fmt: skip


@pytest.mark.parametrize("layout", UNDERSTOOD)
def test_what_is_understood(tree, layout):
    files, reader, classes, splits = UNDERSTOOD[layout]
    photos = tree(files)
    listing = read_listing(photos)
    assert (reader_of(photos), listing.columns[TASK].names, set(listing.splits)) == (reader, classes, splits)


@pytest.mark.parametrize("layout", ASKED)
def test_what_is_asked(tree, layout):
    files, words = ASKED[layout]
    photos = tree(files)
    assert words.format(photos) in sentence(photos)


def sentence(image_dir: str) -> str:
    with pytest.raises(InputError) as caught:
        read_listing(image_dir)
    return str(caught.value)


def test_the_questions(tree):
    photos = tree(flat("train", "test"), "flat")
    assert sentence(photos) == (
        f"{photos!r} has 2 folders named like a split ('test', 'train') and no class folders below, but "
        "images were expected as DIR/train/CLASS/*.jpg: move them into class folders, name a table of "
        "their labels with --labels_file, or, if these are classes, rename them."
    )
    photos = tree(below("train", "valid", "extra"), "further")
    assert sentence(photos) == (
        f"{photos!r} has folders named like splits ('train', 'valid') beside 'extra', but either train, "
        "validation and test were expected, each with class folders, or class folders alone: if they are "
        "splits, give them these names and move other folders away; if they are classes, rename them, or "
        "name a table of labels with --labels_file."
    )
    photos = tree(flat("cats", "dogs", "test"), "one")
    assert sentence(photos) == (
        f"{photos!r} has the folder 'test', which is named like a split, beside 'cats', 'dogs', but either "
        "train, validation and test were expected, each with class folders, or class folders alone: if it is "
        "no class, move it away; if it is one, give it another name, or name a table of labels with "
        "--labels_file."
    )
    photos = tree(flat("flowers/a", "flowers/b"), "wrapper")
    assert sentence(photos) == (
        f"{photos!r} has no class folders but one folder around 2 others ('a', 'b'): did you mean "
        f"{os.path.join(photos, 'flowers')!r}?"
    )


def test_a_folder_around_shards_is_asked_for(tree, tmp_path):
    inner = record_file(tmp_path / "tf_flowers" / "3.0.1" / "x.tfrecord-00000-of-00001", [])
    assert sentence(str(tmp_path)) == (
        f"'{tmp_path}' has no class folders but one folder around shards: did you mean "
        f"{os.path.dirname(inner)!r}?"
    )
    photos = tree(["inner/train/x.tar", "inner/val/x.tar"], "packed")
    assert sentence(photos).endswith(f"one folder around shards: did you mean '{photos}/inner'?")


def test_parquet_of_paths_is_a_table(tmp_path):
    for name in ("train-00000-of-00002.parquet", "train-00001-of-00002.parquet"):
        parquet_file(tmp_path / name, {"path": ["1.jpg"], "label": [1]})
    assert sentence(str(tmp_path)) == (
        f"'{tmp_path}' has no class folders, but 2 .parquet files without a column of images: if paths of "
        "images and their labels are in them, name one with --labels_file."
    )


def test_archives_are_to_be_unpacked(tree):
    photos = tree(["a.zip", "b.zip", "notes.txt"])
    assert sentence(photos) == (
        f"{photos!r} has no class folders, but 2 .zip archives: unpack what the images are in, and name the "
        "folder around the class folders."
    )
    assert sentence(f"{photos}/a.zip") == (
        f"'{photos}/a.zip' is a file, but a folder of class folders was expected: unpack it, and name one "
        "that holds images as DIR/CLASS/*.jpg."
    )


def test_sets_for_other_tasks(tree):
    photos = tree(flat("images", "masks"))
    assert sentence(photos) == (
        f"{photos!r} has the folder 'masks' beside 'images', as sets for detection or segmentation have, but "
        "folders of classes were expected: if all images in it are of one class, move the other folder away; "
        "else put them into class folders, or write a table of their labels and name it with --labels_file."
    )
    photos = tree(["1.jpg", "metadata.csv", "test.csv"], "flat")
    assert sentence(photos) == (
        f"{photos!r} has no class folders, but images and the table 'metadata.csv': if their labels stand "
        f"there, name it with --labels_file={photos}/metadata.csv."
    )


def test_folders_that_are_alike_inside_are_told(tree, told):
    read_listing(tree(below("c", "d", classes=("x",)), "one"))
    read_listing(tree([*below("fold_0", "fold_1"), *flat("phase2")], "beside"))
    assert told == [
        "The class folders 'fold_0', 'fold_1' hold the same folders ('a', 'b'): if it is these that are the "
        "classes, put their images together, or name a table of labels with --labels_file."
    ]


def test_classes_that_sound_like_splits_are_told(tree, told):
    read_listing(tree(flat("bus", "car", "train")))
    assert told == ["The folder 'train' is taken for a class, as those beside it are ('bus', 'car')."]


def test_kinds_of_a_class_are_told(tree, told):
    read_listing(tree([*below("animals", classes=("cats", "dogs")), *below("plants", classes=("ferns",))]))
    read_listing(tree([*below("animals", classes=("cats", "dogs")), *flat("plants")], "beside"))
    assert told == [
        "The class folders 'animals', 'plants' hold folders, whose images are all of the class above: if it "
        "is these that are the classes, such as 'animals/cats', move them up, or name a table of labels with "
        "--labels_file."
    ]


def test_kinds_in_a_folder_alone_are_told(tree, told):
    read_listing(
        tree([*below("benign/SOB", classes=("x", "y")), *below("malignant/SOB", classes=("v", "w"))])
    )
    assert ["such as 'benign/SOB/x', move them up" in line for line in told] == [True]


def test_a_loop_of_links_is_no_wrapper(tree):
    photos = tree(["notes.txt"])
    os.symlink(photos, os.path.join(photos, "a"))
    assert "has 1 class folder without any image ('a')" in sentence(photos)


@hypothesis.given(
    words=st.tuples(*(st.sampled_from(words) for words in SPLIT_WORDS.values())),
    case=st.sampled_from([str.lower, str.upper, str.title]),
    classes_first=st.booleans(),
)
def test_any_word_in_any_case_either_way_round(tmp_path_factory, words, case, classes_first):
    root = tmp_path_factory.mktemp("photos")
    expected = {}
    for split, word in zip(SPLIT_WORDS, map(case, words), strict=True):
        for name in AB:
            path = f"{name}/{word}/1.jpg" if classes_first else f"{word}/{name}/1.jpg"
            (root / path).parent.mkdir(parents=True)
            (root / path).touch()
            expected[path] = (name, split)
    listing = read_listing(str(root))
    rows = zip(listing.columns[TASK].cells, listing.splits, strict=True)
    assert dict(zip(listing.paths, rows, strict=True)) == expected
