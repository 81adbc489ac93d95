import os
import pathlib

import pytest
import tensorflow as tf

from retrain.errors import InputError
from retrain.folders import entries_of, exists, identity_of, is_folder
from tests.at_address import copied


@pytest.fixture(params=["here", "address"])
def photos(request, tree) -> str:
    folder = tree(["roses/1.jpg", "2.jpg", "notes.txt"])
    return folder if request.param == "here" else copied(folder, "ram://folders/photos")


def test_a_folder_is_the_same_here_and_at_an_address(photos):
    paths = [f"{photos}/{name}" for name in ("", "roses", "2.jpg", "gone")]
    assert [*map(is_folder, paths)] == [True, True, False, False]
    assert [*map(exists, paths)] == [True, True, True, False]
    found = {entry.name: entry.is_dir() for entry in entries_of(photos)}
    assert found == {"roses": True, "2.jpg": False, "notes.txt": False}
    with pytest.raises(FileNotFoundError):
        entries_of(f"{photos}/gone")
    assert identity_of(f"{photos}/roses") == identity_of(f"{photos}/roses/") != identity_of(photos)


def test_links_lead_to_the_same(tree):
    photos = tree(["roses/1.jpg"])
    os.symlink("roses", pathlib.Path(photos, "tulips"))
    assert identity_of(f"{photos}/tulips") == identity_of(f"{photos}/roses")


def test_a_service_that_does_not_answer_is_a_sentence(monkeypatch):
    def refuse(path):
        raise tf.errors.UnavailableError(None, None, "Could not resolve host")

    monkeypatch.setattr(tf.io.gfile, "stat", refuse)
    for ask in (exists, is_folder):
        with pytest.raises(InputError) as info:
            ask("gs://bucket/photos")
        assert str(info.value) == (
            "'gs://bucket/photos' cannot be reached (Could not resolve host): see to it that this machine "
            "may read there, or copy what is there to a disk."
        )
