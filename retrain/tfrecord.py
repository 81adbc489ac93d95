"""How TFRecord files are written: records one after the other, each a tf.train.Example, a protocol buffer.

Neither needs TensorFlow, nor the bytes of the images: only what lies around these is read. The length of a
record stands before it with a checksum (CRC-32C, masked), and is checked; its content is not.
"""

import os
import struct
from collections.abc import Iterator, Mapping
from typing import BinaryIO

AT_ONCE = 4096  # bytes that are read where a few are asked for
HEADER, FOOTER = struct.Struct("<QI"), 4
LONGEST_VARINT, LONGEST_NAME = 10, 1024  # bytes
MASK = 0xA282EAD8
POLYNOMIAL = 0x82F63B78
VARINT, SOME_BYTES = 0, 2  # how the value of a field is written
FIXED = {1: 8, 5: 4}  # the same of those that always take so many bytes
BYTES, INTEGERS = 1, 3  # kinds of values in an Example, by the numbers of their fields

Span = tuple[int, int]  # where something begins, and how many bytes it has


class DamagedError(ValueError):
    """What is wrong, and at which byte of the file."""


class Window:
    """The bytes at any place of a file, of which more are read than asked for."""

    def __init__(self, file: BinaryIO):
        self.size = os.fstat(file.fileno()).st_size
        self._file, self._start, self._bytes = file, 0, b""
        self._before = 0, b""  # a record is read on both sides of its image

    def at(self, start: int, count: int) -> bytes:
        """Fewer where the file ends."""
        if not self._has(start, count):
            (self._start, self._bytes), self._before = self._before, (self._start, self._bytes)
        if not self._has(start, count):
            self._file.seek(start)
            self._start, self._bytes = start, self._file.read(max(count, AT_ONCE))
        first = start - self._start
        return self._bytes[first : first + count]

    def varint(self, start: int) -> tuple[int, int]:
        """A number of up to 64 bits, and where it ends."""
        first = start - self._start
        if 0 <= first < len(self._bytes) and self._bytes[first] < 0x80:
            return self._bytes[first], start + 1
        value = shift = 0
        for byte in self.at(start, LONGEST_VARINT):
            start += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value, start
            shift += 7
        raise DamagedError(f"no number ends at byte {start}")

    def _has(self, start: int, count: int) -> bool:
        return self._start <= start and start + count <= self._start + len(self._bytes)


def records(window: Window) -> Iterator[Span]:
    """Where each lies; DamagedError where a length is not what its checksum says, or the file is cut off."""
    start = 0
    while start < window.size:
        header = window.at(start, HEADER.size)
        if len(header) < HEADER.size:
            raise DamagedError(f"a record is cut off at byte {start}")
        length, checksum = HEADER.unpack(header)
        if checksum != masked_checksum(header[:8]):
            raise DamagedError(f"no record begins at byte {start}")
        content = start + HEADER.size
        if content + length + FOOTER > window.size:
            raise DamagedError(f"a record is cut off at byte {start}")
        yield content, length
        start = content + length + FOOTER


def features(window: Window, record: Span) -> Mapping[str, Span]:
    """Where those of a tf.train.Example lie, by name; DamagedError where the record is none."""
    found = {}
    for _, every in _fields(window, record, 1):
        for _, entry in _fields(window, every, 1):
            halves = dict(_fields(window, entry))
            if {1, 2} <= halves.keys() and halves[1][1] <= LONGEST_NAME:
                name = window.at(*halves[1]).decode("utf-8", "replace")
                found[name] = halves[2]
    return found


def byte_strings(window: Window, feature: Span) -> Iterator[Span]:
    """Where each lies; none of a feature of another kind."""
    return _values(window, feature, BYTES)


def integers(window: Window, feature: Span) -> list[int]:
    """All of them, signed, be they packed or not; none of a feature of another kind."""
    numbers = []
    for span in _values(window, feature, INTEGERS):
        start, end = span[0], sum(span)
        while start < end:
            number, start = window.varint(start)
            numbers.append(number - 2**64 if number >= 2**63 else number)
    return numbers


def masked_checksum(content: bytes) -> int:
    """CRC-32C, turned by 15 bits and moved by a constant, as it stands beside content in the file."""
    checksum = 0xFFFFFFFF
    for byte in content:
        checksum = checksum >> 8 ^ _TABLE[(checksum ^ byte) & 0xFF]
    checksum ^= 0xFFFFFFFF
    return ((checksum >> 15 | checksum << 17) + MASK) & 0xFFFFFFFF


def _values(window: Window, feature: Span, kind: int) -> Iterator[Span]:
    return (span for _, values in _fields(window, feature, kind) for _, span in _fields(window, values, 1))


def _fields(window: Window, message: Span, only: int | None = None) -> Iterator[tuple[int, Span]]:
    """The number of each field of a message, and where its value lies."""
    start, end = message[0], sum(message)
    while start < end:
        tag, first = window.varint(start)
        first, after = _value(window, tag & 7, first)
        if not first <= after <= end:
            raise DamagedError(f"no field of a tf.train.Example begins at byte {start}")
        start = after
        if only in (None, tag >> 3):
            yield tag >> 3, (first, after - first)


def _value(window: Window, kind: int, start: int) -> tuple[int, int]:
    """Where it begins and ends; one of no known kind ends before."""
    if kind == SOME_BYTES:
        size, start = window.varint(start)
        return start, start + size
    return start, window.varint(start)[1] if kind == VARINT else start + FIXED.get(kind, -1)


def _table() -> list[int]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (POLYNOMIAL if value & 1 else 0)
        table.append(value)
    return table


_TABLE = _table()
