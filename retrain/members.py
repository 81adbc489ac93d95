"""What lies in a shard, and where: images in it are read in place, and never unpacked."""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple


class Place(NamedTuple):
    """Where the content of a member begins, and how many bytes it has."""

    offset: int
    size: int


class Members(NamedTuple):
    """By name, in the order of the shard; and how many entries are left out, by reason."""

    places: Mapping[str, Place]
    left_out: Counter[str]
