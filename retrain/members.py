"""What lies in a shard, and where: images in it are read in place, and never unpacked."""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple, Protocol


class Located(Protocol):
    """Where the content of a member is in its file, `shard`; OSError where that cannot be read."""

    def length(self, shard: str) -> int:
        """How many bytes it has."""

    def content(self, shard: str) -> bytes:
        """All of them."""


class Place(NamedTuple):
    """Where the content of a member begins, and how many bytes it has."""

    offset: int
    size: int

    def length(self, shard: str) -> int:
        """As it is said."""
        return self.size

    def content(self, shard: str) -> bytes:
        """All of its bytes."""
        with open(shard, "rb") as file:
            file.seek(self.offset)
            return file.read(self.size)


class Members(NamedTuple):
    """By name, in the order of the shard; and how many entries are left out, by reason."""

    places: Mapping[str, Located]
    left_out: Counter[str]
