import dataclasses
import unicodedata

import pytest
from absl import logging
from hypothesis import given
from hypothesis import strategies as st

from retrain.data.class_twins import twin_key, with_twins_settled
from retrain.data.layout import read_listing
from retrain.data.listing import TASK, Column, Listing
from retrain.errors import InputError

COMPOSED, DECOMPOSED = "caf\xe9", "cafe\u0301"


def listing(cells: list[str | None], several: bool = False, class_folders: bool = False) -> Listing:
    rows = len(cells)
    return Listing(
        image_dir="photos",
        paths=[f"{row}.jpg" for row in range(rows)],
        columns={"kind": Column(cells, several)},
        splits=[""] * rows,
        groups=[None] * rows,
        weights=[1.0] * rows,
        ignored={},
        class_folders=class_folders,
    )


def settled(cells: list[str | None], merge: bool | None = True, several: bool = False) -> list[str | None]:
    return with_twins_settled(listing(cells, several), merge, "--labels_file='a.csv'").columns["kind"].cells


def sentence(of: Listing, where: str = "--labels_file='a.csv'") -> str:
    with pytest.raises(InputError) as raised:
        with_twins_settled(of, None, where)
    return str(raised.value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Cat", "cat"),
        (COMPOSED, DECOMPOSED),
        ("cat", " cat\u3000"),
        ("hot dog", "Hot  dog"),
        ("STRASSE", "straße"),
        ("\ufeffcat", "cat"),
        ("É", "e\u0301"),
    ],
)
def test_twins(one, other):
    assert twin_key(one) == twin_key(other)


@pytest.mark.parametrize(
    ("one", "other"), [("cat", "cats"), ("hot dog", "hotdog"), ("cafe", COMPOSED), ("m2", "m²"), ("1", "１")]
)
def test_others(one, other):
    assert twin_key(one) != twin_key(other)


@given(st.text())
def test_every_form_of_a_name_is_its_twin(name):
    # Each of these is the same text to Unicode, and its key is its own.
    for form in ("NFC", "NFD"):
        assert twin_key(unicodedata.normalize(form, name)) == twin_key(name)
    assert twin_key(f" {name} ") == twin_key(name) == twin_key(twin_key(name))


@pytest.mark.parametrize("merge", [None, True, False])
def test_where_there_are_none_the_labels_stay(merge):
    cells = [" _Cat", "dog&?", None, "", " _Cat"]
    assert settled(cells, merge) == cells
    assert settled(["a|?b", None], merge, several=True) == ["a|?b", None]


def test_the_spelling_of_most_images_stays_without_blanks_around(monkeypatch):
    told = []
    monkeypatch.setattr(logging, "info", lambda text, *values: told.append(text % values))
    cells = ["cat", "Cat", "cat", None, "dog ", "dog ", "Dog", DECOMPOSED, COMPOSED]
    merged = ["cat", "cat", "cat", None, "dog", "dog", "dog", DECOMPOSED, DECOMPOSED]
    assert settled(cells) == merged
    assert told == [
        "Class names joined: 'Cat' (1) and 'cat' (2) are 'cat'.",
        "Class names joined: 'Dog' (1) and 'dog ' (2) are 'dog'.",
        f"Class names joined: 'cafe\\u0301' (1) and 'caf\\xe9' (1) are {DECOMPOSED!r}.",
    ]


def test_of_several_labels_each_is_joined_and_what_is_known_counts():
    cells = ["Cat|dog|cat", "?Cat|cat", "Cat|?cat", "?Cat|?cat", "", None]
    assert settled(cells, several=True) == ["Cat|dog", "Cat", "Cat", "?Cat", "", None]


def test_twins_may_be_kept_apart():
    assert settled(["A", "a"], merge=False) == ["A", "a"]


def test_numbers_as_programs_write_them_beside_missing_ones():
    assert settled(["1", "1.0", "02", "2", "2.0", "1.5", "1e0", "v1"], merge=True) == [
        *["1", "1", "02", "02", "02", "1.5", "1e0", "v1"]
    ]


def test_twins_of_which_nothing_is_said():
    assert sentence(listing(["Cat", "cat", "cat", "dog"])) == (
        "--labels_file='a.csv' has labels in column 'kind' that differ only in capital letters, blanks, "
        "Unicode's form of a character or that of a number, with so many images: 'Cat' (1) and 'cat' (2). "
        "Say --merge_class_names if they are one class, --nomerge_class_names if they are not, or rename "
        "them."
    )
    names = [name for letter in "abcdefg" for name in (letter, letter.upper())]
    assert sentence(listing([*names, " a", COMPOSED, DECOMPOSED], class_folders=True)) == (
        "'photos' has class folders that differ only in capital letters, blanks, Unicode's form of a "
        "character or that of a number, with so many images: ' a' (1), 'A' (1) and 'a' (1); 'B' (1) and "
        "'b' (1); 'C' (1) and 'c' (1); 'D' (1) and 'd' (1); 'E' (1) and 'e' (1), and 3 others. Say "
        "--merge_class_names if they are one class, --nomerge_class_names if they are not, or rename them."
    )


@pytest.mark.parametrize(
    ("files", "labels"),
    [
        (["Cat/1.jpg", "cat/2.jpg", "dog/3.jpg"], ["Cat", "Cat", "dog"]),
        (["train/Cat/1.jpg", "train/dog/2.jpg", "val/cat/3.jpg"], ["Cat", "dog", "Cat"]),
        (["Cat/train/1.jpg", "cat/test/2.jpg", "dog/train/3.jpg"], ["Cat", "Cat", "dog"]),
    ],
)
def test_in_every_layout_of_folders(tree, files, labels):
    found = read_listing(tree(files))
    assert "'Cat' (1) and 'cat' (1)" in sentence(found)
    merged = with_twins_settled(found, True, "")
    assert merged.columns[TASK].cells == labels
    assert dataclasses.replace(merged, columns=found.columns) == found
