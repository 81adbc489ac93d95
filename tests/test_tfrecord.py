import contextlib
import io
import pathlib
import struct
from collections.abc import Iterator

import pytest

from retrain.tfrecord import (
    AT_ONCE,
    DamagedError,
    Window,
    byte_strings,
    features,
    integers,
    masked_checksum,
    records,
)
from tests.tiny_records import example, record_file

LARGE = 3 * AT_ONCE * b"x"


@contextlib.contextmanager
def window(tmp_path: pathlib.Path, content: bytes) -> Iterator[Window]:
    (tmp_path / "file").write_bytes(content)
    with open(tmp_path / "file", "rb") as file:
        yield Window(file)


def damage(tmp_path: pathlib.Path, content: bytes) -> str:
    with window(tmp_path, content) as reader, pytest.raises(DamagedError) as info:
        for record in records(reader):
            features(reader, record)
    return str(info.value)


def framed(record: bytes) -> bytes:
    length = struct.pack("<Q", len(record))
    return length + struct.pack("<I", masked_checksum(length)) + record + bytes(4)


def test_checksums_are_those_of_the_standard():
    """RFC 3720, B.4: 32 bytes of zeros have 8A9136AA."""
    expected = ((0x8A9136AA >> 15 | 0x8A9136AA << 17) + 0xA282EAD8) & 0xFFFFFFFF
    assert masked_checksum(bytes(32)) == expected


def test_what_tensorflow_writes_is_read(tmp_path):
    written = [
        {"text": "ü", "large": LARGE, "several": [b"a", LARGE, b""], "numbers": [3, -1, 2**40], "f": 0.5},
        {},
        {"after": 7, "z": LARGE},
    ]
    path = record_file(tmp_path / "x.tfrecord", written)
    whole = pathlib.Path(path).read_bytes()
    with open(path, "rb") as file:
        reader = Window(file)
        found = [features(reader, record) for record in records(reader)]
        strings = [{name: [*byte_strings(reader, place)] for name, place in each.items()} for each in found]
        numbers = [{name: integers(reader, place) for name, place in each.items()} for each in found]
    assert [
        {name: [whole[start : start + size] for start, size in places] for name, places in each.items()}
        for each in strings
    ] == [
        {"text": ["ü".encode()], "large": [LARGE], "several": [b"a", LARGE, b""], "numbers": [], "f": []},
        {},
        {"after": [], "z": [LARGE]},
    ]
    assert numbers[0] == {"text": [], "large": [], "several": [], "numbers": [3, -1, 2**40], "f": []}
    assert numbers[2] == {"after": [7], "z": []}


def test_numbers_need_not_be_packed(tmp_path):
    """As writers of old have them: a field for each."""
    feature = bytes([0x1A, 4, 0x08, 5, 0x08, 6])
    with window(tmp_path, feature) as reader:
        assert integers(reader, (0, len(feature))) == [5, 6]


def test_little_is_read_of_large_images(tmp_path):
    path = record_file(tmp_path / "x.tfrecord", [{"a": 1, "image": 400 * LARGE, "label": "b"}] * 3)

    class Counted(io.FileIO):
        taken = 0

        def read(self, count):
            self.taken += count
            return super().read(count)

    with Counted(path) as file:
        reader = Window(file)
        assert [sorted(features(reader, record)) for record in records(reader)] == 3 * [
            ["a", "image", "label"]
        ]
        assert file.taken <= 4 * 2 * AT_ONCE


def test_damage_is_told_with_its_place(tmp_path):
    one = framed(example({"label": "a"}))
    assert damage(tmp_path, one + one[:5]) == f"a record is cut off at byte {len(one)}"
    assert damage(tmp_path, one + one[:-1]) == f"a record is cut off at byte {len(one)}"
    assert damage(tmp_path, one + b"\x01" + one[1:]) == f"no record begins at byte {len(one)}"
    assert damage(tmp_path, one + framed(b"plain text")) == (
        f"no field of a tf.train.Example begins at byte {len(one) + 14}"
    )
    assert damage(tmp_path, framed(b"\x80" * 11)) == "no number ends at byte 22"


@pytest.mark.parametrize("at", range(12, 40))
def test_no_damaged_byte_leads_out_of_a_record(tmp_path, at):
    """Lengths that lie are an error, or lead to other places of the same record."""
    written = framed(example({"image": b"picture", "label": [1, 2]}))
    damaged = bytearray(written + bytes(40))
    damaged[at] ^= 0xFF
    places = []
    with window(tmp_path, bytes(damaged)) as reader, contextlib.suppress(DamagedError):
        found = features(reader, (12, len(written) - 16))
        places = [place for feature in found.values() for place in byte_strings(reader, feature)]
    assert all(12 <= start <= start + size <= len(written) - 4 for start, size in places)
