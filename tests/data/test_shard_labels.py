import json

import pytest

from retrain.data.shard_labels import Cell, labels_in
from retrain.errors import InputError
from tests.tiny_shards import shard


def label_of(tmp_path, members: dict[str, bytes], image: str = "1.jpg") -> Cell | None:
    (tmp_path / "a.tar").unlink(missing_ok=True)
    return labels_in(shard(tmp_path / "a.tar", {image: b"", **members})).of(image)


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"1.cls": b" 7\n"}, "7"),
        ({"1.CLS": "\ufeffäpfel".encode()}, "äpfel"),
        ({"1.json": b'{"label": 3, "class_name": "cat"}'}, "cat"),
        ({"1.json": b'{"label": 3.0, "caption": "a cat"}'}, "3"),
        ({"1.json": b'{"label": 0, "cls": 5}'}, "0"),
        ({"1.json": b'{"label": null, "cls": false}'}, "False"),
        ({"1.json": b'{"label": "dog"}', "1.cls": b"cat"}, "cat"),
        ({"1.cls": b"cat", "1.json": b'{"label": "dog"}'}, "cat"),
        ({"1.cls": b"\n", "1.json": b'{"label": "dog"}'}, "dog"),
        ({"1.json": b'{"caption": "a cat"}'}, None),
        ({"1.json": b'{"label": {"id": 3}}'}, None),
        ({"2.cls": b"cat", "1.txt": b"cat", "deep/1.cls": b"cat"}, None),
    ],
)
def test_the_label_stands_beside_the_image(members, expected, tmp_path):
    assert label_of(tmp_path, members) == (None if expected is None else Cell(expected))


def test_a_list_is_several_labels(tmp_path):
    assert label_of(tmp_path, {"1.json": b'{"labels": ["red", 5]}'}) == Cell("red|5", several=True)
    assert label_of(tmp_path, {"1.json": b'{"labels": []}'}) == Cell("", several=True)


def test_names_part_at_the_first_dot(tmp_path):
    assert label_of(tmp_path, {"deep/1.cls": b"cat"}, "deep/1.PNG") == Cell("cat")
    assert label_of(tmp_path, {"a.b/1.cls": b"cat"}, "a.b/1.jpg") == Cell("cat")
    assert label_of(tmp_path, {"1.cls": b"cat"}, "1.mask.png") is None


def test_members_with_labels_are_named(tmp_path):
    images = dict.fromkeys(("1.jpg", "2.png", "3.mask.png"), b"")
    labels = {"1.cls": b"", "2.json": b"{}", "1.txt": b"x"}
    others = {"annotations.json": b"[3", "3.cls": b"\xff"}  # beside no image: of all of them, or of none
    tar = shard(tmp_path / "a.tar", images | labels | others)
    assert labels_in(tar).members == {"1.cls", "2.json"}


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("1.cls", b"\xff\xfe", "is not UTF-8"),
        ("1.cls", bytes(2**20 + 1), "has 1048577 bytes"),
        (
            "1.json",
            b"{",
            "is not JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1))",
        ),
        ("1.json", b"3", "is no JSON object"),
        ("1.json", json.dumps([{}]).encode(), "is no JSON object"),
    ],
)
def test_what_should_be_a_label_and_is_not(name, content, found, tmp_path):
    with pytest.raises(InputError) as info:
        label_of(tmp_path, {name: content})
    assert str(info.value) == (
        f"'{tmp_path}/a.tar/{name}' {found}, but the label of an image was expected there, as text in "
        ".cls or as one of the fields class_name, label_name, class, category, label, labels, cls in .json: "
        "mend it, or leave it out."
    )


def test_json_without_an_end_is_a_sentence(tmp_path):
    with pytest.raises(InputError, match=r"is not JSON \(maximum recursion depth"):
        label_of(tmp_path, {"1.json": 100_000 * b"["})
