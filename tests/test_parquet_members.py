import os
import pathlib

import pyarrow as pa
import pytest

from retrain import parquet_members
from retrain.errors import InputError
from retrain.parquet_members import holds_images, members_of, said_in
from retrain.record_members import Said
from tests.tiny_parquet import IMAGE, class_label, parquet_file

JPEG, PNG = b"\xff\xd8\xff" + 5000 * b"j", b"\x89PNG\r\n\x1a\n"


def sentence(find, path: str) -> str:
    with pytest.raises(InputError) as info:
        find(path)
    return str(info.value)


def said(tmp_path, label, features=None) -> Said | None:
    path = parquet_file(tmp_path / "x.parquet", {"image": [JPEG], "label": [label]}, features)
    os.utime(path, ns=(len(str(label)), hash(str(label)) % 10**9))
    return said_in(path).get("000000.jpg")


def test_images_are_rows_by_number_in_the_order_of_the_file(tmp_path):
    images = [PNG + bytes([number]) for number in range(5)]
    path = parquet_file(tmp_path / "x.parquet", {"image": images, "label": range(5)})
    found = members_of(path)
    assert [*found.places] == [f"{number:06}.png" for number in range(5)]
    assert [place.content(path) for place in found.places.values()] == images
    assert not found.left_out
    assert holds_images(path)


def test_rows_without_an_image_are_counted(tmp_path):
    cells = [
        None,
        {"bytes": JPEG, "path": None},
        {"bytes": None, "path": "gone.jpg"},
        {"bytes": PNG, "path": None},
    ]
    path = parquet_file(tmp_path / "x.parquet", {"image": cells, "label": ["a", "b", "c", "d"]})
    found = members_of(path)
    assert [*found.places] == ["000001.jpg", "000003.jpg"]
    assert [place.content(path) for place in found.places.values()] == [JPEG, PNG]
    assert found.left_out == {"rows without an image": 2}
    assert said_in(path) == {"000001.jpg": Said("label", ("b",)), "000003.jpg": Said("label", ("d",))}


def test_a_file_that_does_not_count_is_read_for_rows_without_an_image(tmp_path):
    columns = {"image": [JPEG, None, JPEG], "label": [0, 1, 2]}
    path = parquet_file(tmp_path / "x.parquet", columns, write_statistics=False)
    assert [*members_of(path).places] == ["000000.jpg", "000002.jpg"]


@pytest.mark.parametrize("column", ["file_name", "path", "image/filename", None])
def test_images_are_called_as_a_column_says(column, tmp_path):
    names = ["a/1.JPEG", "b/./1.jpg", "ü.png"]
    images = [JPEG] * 3 if column else [{"bytes": JPEG, "path": name} for name in names]
    path = parquet_file(tmp_path / "x.parquet", {"image": images} | ({column: names} if column else {}))
    assert [*members_of(path).places] == ["a/1.JPEG", "b/1.jpg", "ü.png"]


def test_where_a_column_does_not_the_next_is_asked(tmp_path):
    images = [{"bytes": JPEG, "path": name} for name in ("1.jpg", "1.jpg")]
    path = parquet_file(tmp_path / "x.parquet", {"image": images, "file_name": ["2.jpg", "3.jpg"]})
    assert [*members_of(path).places] == ["2.jpg", "3.jpg"]
    path = parquet_file(tmp_path / "y.parquet", {"image": images, "file_name": ["2.jpg", None]})
    assert [*members_of(path).places] == ["000000.jpg", "000001.jpg"]


def test_labels_are_texts_or_numbers_or_lists(tmp_path):
    assert said(tmp_path, " rose ") == Said("label", ("rose",))
    assert said(tmp_path, 7) == Said("label", (7,))
    assert said(tmp_path, -1) == Said("label", (-1,))
    assert said(tmp_path, 7.0) == Said("label", (7,))
    assert said(tmp_path, 7.5) == Said("label", ("7.5",))
    assert said(tmp_path, [1, 2]) == Said("label", (1, 2))
    assert said(tmp_path, ["a", "", "b"]) == Said("label", ("a", "b"))
    for nothing in ("", None, float("nan"), []):
        assert said(tmp_path, nothing) is None


def test_numbers_have_the_names_of_the_metadata(tmp_path):
    names = {"image": IMAGE, "label": class_label("cat", "dog")}
    assert said(tmp_path, 1, names) == Said("label", ("dog",))
    assert said(tmp_path, -1, names) == Said("label", (-1,))
    assert said(tmp_path, [0, 1], {"label": {"feature": class_label("cat", "dog")}}) == Said(
        "label", ("cat", "dog")
    )
    path = parquet_file(tmp_path / "y.parquet", {"image": [JPEG] * 2, "label": [0, 2]}, names)
    assert sentence(said_in, path) == (
        f"'{path}/000001.jpg' has label 2 in column 'label', but the file says names of 2 classes, counted "
        "from 0: mend the one or the other."
    )


def test_words_of_pandas_are_labels(tmp_path):
    kinds = pa.array(["b", "a", "b"]).dictionary_encode()
    path = parquet_file(tmp_path / "x.parquet", {"image": [JPEG] * 3, "label": kinds})
    assert [found.values for found in said_in(path).values()] == [("b",), ("a",), ("b",)]


def test_without_labels_nothing_is_said(tmp_path):
    assert said_in(parquet_file(tmp_path / "x.parquet", {"image": [JPEG]})) == {}


def test_several_columns_of_labels_are_no_matter_to_who_wants_images(tmp_path):
    features = {"fine": class_label("a"), "coarse": class_label("b")}
    path = parquet_file(tmp_path / "x.parquet", {"image": [JPEG], "fine": [0], "coarse": [0]}, features)
    assert [*members_of(path).places] == ["000000.jpg"]
    assert "several columns of labels" in sentence(said_in, path)


def test_bytes_that_are_no_image_are_a_sentence(tmp_path):
    path = parquet_file(tmp_path / "x.parquet", {"image": [b"raw pixels"], "label": [1]})
    assert sentence(members_of, path) == (
        f"{path!r} has bytes in its column 'image' (b'raw pixels'...) that are no image, but such were "
        "expected there, encoded as JPEG, PNG or the like: write them so."
    )


def test_large_row_groups_are_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet_members, "LARGEST_GROUP", 2**20)
    images = [PNG + os.urandom(2**19) for _ in range(8)]
    assert members_of(parquet_file(tmp_path / "x.parquet", {"image": images}, rows=1)).places
    path = parquet_file(tmp_path / "y.parquet", {"image": images}, rows=4)
    assert sentence(members_of, path) == (
        f"{path!r} has a row group with 2 MiB of images, but 1 at most were expected, for it is read at "
        "once: write smaller ones (docs/data.md has the lines)."
    )


def test_damage_is_a_sentence(tmp_path):
    path = parquet_file(tmp_path / "x.parquet", {"image": [JPEG] * 2, "label": [1, 2]})
    whole = pathlib.Path(path).read_bytes()
    for content in (whole[:-1], b"no Parquet", b""):
        pathlib.Path(path).write_bytes(content)
        for find in (holds_images, members_of, said_in):
            found = sentence(find, path)
            assert found.startswith(f"{path!r} cannot be read (")
            assert found.endswith("), but a whole file of Parquet was expected: fetch or write it again.")
            assert "\n" not in found


def test_a_file_that_changed_is_gone_through_again(tmp_path):
    path = parquet_file(tmp_path / "x.parquet", {"image": [JPEG]})
    assert len(members_of(path).places) == 1
    parquet_file(tmp_path / "x.parquet", {"image": [JPEG] * 2})
    assert len(members_of(path).places) == 2


def test_a_file_without_rows_holds_nothing(tmp_path):
    path = parquet_file(tmp_path / "x.parquet", {"image": pa.array([], pa.binary())})
    assert holds_images(path)
    assert members_of(path) == ({}, {})
