import os
import subprocess
import sys
import threading

import pytest

from retrain import gfile
from retrain.addresses import absolute, is_address, of_each, parent_and_name, reader


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        *dict.fromkeys(["gs://b/photos", "ram://b", "gs://"], True).items(),
        *dict.fromkeys(
            ["s3://b/x", "https://b/x", "gs:/b", "/a/gs://b", "photos", "", "GS://b"], False
        ).items(),
    ],
)
def test_addresses_are_those_that_tensorflow_itself_reads(path, expected):
    assert is_address(path) is expected


def test_an_address_is_one_from_any_folder():
    assert absolute("gs://b/photos") == "gs://b/photos"
    assert absolute("photos") == os.path.abspath("photos")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("gs://b/photos/roses/", ("gs://b/photos/", "roses")),
        ("gs://b", ("gs://", "b")),
        ("/a/b/", ("/a", "b")),
        ("/", ("/", "")),
    ],
)
def test_a_path_is_joined_of_two(path, expected):
    assert parent_and_name(path) == expected


@pytest.mark.parametrize("place", ["gs://b", "/photos"])
def test_each_is_asked_in_order(place):
    paths = [f"{place}/{number}.jpg" for number in range(100)]
    assert of_each(len, iter(paths)) == [*map(len, paths)]
    assert of_each(len, []) == []
    threads = set(of_each(lambda path: threading.get_ident(), paths))
    assert (threads == {threading.get_ident()}) is (place == "/photos")


def test_tensorflow_is_imported_for_an_address_alone():
    assert reader() is gfile
    code = (
        "import sys; from retrain.folders import exists; exists('photos'); "
        "before = 'tensorflow' in sys.modules; exists('ram://b/photos'); "
        "print(before, 'tensorflow' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (result.stdout, result.stderr) == ("False True\n", "")
