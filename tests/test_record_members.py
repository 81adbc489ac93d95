import os
import pathlib

import pytest
import tensorflow as tf

from retrain import record_members
from retrain.errors import InputError
from retrain.record_members import Said, is_records, members_of, said_in
from tests.tiny_records import example, record_file

JPEG, PNG = b"\xff\xd8\xff" + 5000 * b"j", b"\x89PNG\r\n\x1a\n"


def sentence(path: str) -> str:
    with pytest.raises(InputError) as info:
        members_of(path)
    return str(info.value)


def said(tmp_path, **features) -> Said | None:
    path = record_file(tmp_path / "x.tfrecord", [{"image": JPEG} | features])
    os.utime(path, ns=(len(str(features)), len(str(features))))
    return said_in(path).get("000000.jpg")


@pytest.mark.parametrize("field", ["image/encoded", "image", "picture"])
def test_images_lie_where_they_are_said_to(field, tmp_path):
    images = [JPEG, PNG + b"2", b"GIF89a" + 9000 * b"g"]
    path = record_file(
        tmp_path / "x.tfrecord", [{"label": number, field: image} for number, image in enumerate(images)]
    )
    found, whole = members_of(path), pathlib.Path(path).read_bytes()
    assert [*found.places] == ["000000.jpg", "000001.png", "000002.gif"]
    assert [whole[start : start + size] for start, size in found.places.values()] == images
    assert not found.left_out


def test_records_without_one_image_are_counted(tmp_path):
    written = [
        {"image": b"raw pixels", "label": 1},
        {"image": [JPEG, PNG], "label": 1},
        {"left": JPEG, "right": PNG},
        {"mask": PNG, "image": JPEG},
        {"label": 1},
        {},
    ]
    found = members_of(record_file(tmp_path / "x.tfrecord", written))
    assert [*found.places] == ["000003.jpg"]
    assert found.left_out == {"records without an image that is encoded": 5}


def test_of_the_images_in_a_record_no_more_than_two_are_looked_for(tmp_path, monkeypatch):
    """A hostile file has millions of empty ones."""

    def images(window, feature):
        yield from [feature] * 2
        pytest.fail("there are more than one")

    monkeypatch.setattr(record_members, "byte_strings", images)
    path = record_file(tmp_path / "x.tfrecord", [{"image": [JPEG, PNG, PNG]}])
    assert members_of(path).left_out == {"records without an image that is encoded": 1}


@pytest.mark.parametrize("field", ["image/filename", "file_name", "filename"])
def test_images_are_called_as_records_say(field, tmp_path):
    names = ["a/1.JPEG", "b/./1.jpg", "ü.png"]
    path = record_file(tmp_path / "x.tfrecord", [{"image": JPEG, field: name} for name in names])
    assert [*members_of(path).places] == ["a/1.JPEG", "b/1.jpg", "ü.png"]


@pytest.mark.parametrize("other", ["1.jpg", "./1.jpg", "/1.jpg", "../2.jpg", "a\0.jpg", "a\n.jpg", "2", ""])
def test_or_all_by_number_where_a_name_is_none(other, tmp_path):
    path = record_file(
        tmp_path / "x.tfrecord", [{"image": JPEG, "image/filename": name} for name in ("1.jpg", other)]
    )
    assert [*members_of(path).places] == ["000000.jpg", "000001.jpg"]


def test_labels_are_names_before_numbers(tmp_path):
    slim = {"image/class/label": 3, "image/class/text": "rose"}
    assert said(tmp_path, **slim) == Said("image/class/text", ("rose",))
    assert said(tmp_path, **(slim | {"image/class/text": ""})) == Said("image/class/label", (3,))
    assert said(tmp_path, **{"class": 4, "label": "tulip"}) == Said("label", ("tulip",))
    assert said(tmp_path, label=-1) == Said("label", (-1,))
    assert said(tmp_path, label=[1, 2]) == Said("label", (1, 2))
    assert said(tmp_path, labels=["a", " b "]) == Said("labels", ("a", "b"))
    assert said(tmp_path, label=PNG, cls=5) == Said("cls", (5,))
    assert said(tmp_path, label=[0.5], height=7) is None


def test_a_label_that_is_no_text_is_a_sentence(tmp_path):
    path = record_file(tmp_path / "x.tfrecord", [{"image": JPEG, "label": b"caf\xe9"}])
    at = pathlib.Path(path).read_bytes().index(b"caf")
    assert f"(a label or name at byte {at} is not UTF-8)" in sentence(path)


def test_a_file_that_changed_is_gone_through_again(tmp_path):
    path = record_file(tmp_path / "x.tfrecord", [{"image": JPEG}])
    assert len(members_of(path).places) == 1
    record_file(tmp_path / "x.tfrecord", 2 * [{"image": JPEG}])
    assert len(members_of(path).places) == 2


def test_damage_is_a_sentence(tmp_path):
    path = record_file(tmp_path / "x.tfrecord", 2 * [{"image": JPEG}])
    whole = pathlib.Path(path).read_bytes()
    half = len(whole) // 2
    for content, found in {
        whole[:-1]: f"a record is cut off at byte {half}",
        whole[:half] + b"\xff" + whole[half + 1 :]: f"no record begins at byte {half}",
        b"no file of records": "no record begins at byte 0",
    }.items():
        pathlib.Path(path).write_bytes(content)
        assert sentence(path) == (
            f"{path!r} cannot be read ({found}), but a whole file of TFRecord was expected, each record a "
            "tf.train.Example: fetch or write it again."
        )


@pytest.mark.parametrize("form", ["GZIP", "ZLIB"])
def test_what_is_compressed_is_a_sentence(form, tmp_path):
    path = record_file(tmp_path / "x.tfrecord.gz", [{"image": JPEG}], form)
    assert sentence(path) == (
        f"{path!r} is compressed ({form}), but a file of TFRecord without compression was expected, for "
        "images are read in place, and photos become no smaller: write it without, as "
        "`gzip -dc < FILE > NEW_FILE` does for GZIP."
    )


def test_a_file_without_records_holds_nothing(tmp_path):
    path = record_file(tmp_path / "x.tfrecord", [])
    assert members_of(path) == ({}, {})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *dict.fromkeys(["x.tfrecord", "a.b.TFRECORDS", "00-230.tfrec", "x.tfrecord.gz"], True).items(),
        *dict.fromkeys(["tf_flowers-train.tfrecord-00000-of-00002", "train-00000-of-01024"], True).items(),
        *dict.fromkeys(["x.tfrecord.idx", "x.tfrecord.json", ".tfrecord", "tfrecord"], False).items(),
        *dict.fromkeys(["variables.data-00000-of-00001", "train-0-of-2", "a.jpg", "a.tar"], False).items(),
    ],
)
def test_files_of_records_are_known_by_their_names(name, expected, tmp_path):
    (tmp_path / name).write_bytes(b"")
    assert is_records(str(tmp_path / name)) is expected
    assert not is_records(str(tmp_path / "gone" / name))


def test_sequence_examples_are_taken_for_their_context(tmp_path):
    context = tf.train.Example.FromString(example({"image": JPEG, "label": "a"})).features
    with tf.io.TFRecordWriter(str(tmp_path / "x.tfrecord")) as writer:
        writer.write(tf.train.SequenceExample(context=context).SerializeToString())
    assert said_in(str(tmp_path / "x.tfrecord")) == {"000000.jpg": Said("label", ("a",))}
