"""The pass over files that workers, here threads, share out among them."""

import pathlib

import numpy as np
import pytest
from PIL import Image

from retrain.features.cache import FileKey
from retrain.features.engines import BATCH_SIZE
from retrain.features.feature_pass import PassOptions, feature_pass
from retrain.features.image_facts_store import ImageFactsStore
from retrain.features.shared_pass import shared_pass
from retrain.settings.module import ModuleSettings
from retrain.workers.workers import ALONE
from tests.workers.together import together

COUNT = 3 * BATCH_SIZE + 5
BROKEN = 40


def key(path: pathlib.Path) -> FileKey:
    status = path.stat()
    return FileKey(str(path), status.st_size, status.st_mtime_ns)


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> list[FileKey]:
    directory = tmp_path_factory.mktemp("pictures")
    for value in range(COUNT):
        Image.fromarray(np.full([6, 6, 3], (value, 2 * value, 255 - value), np.uint8)).save(
            directory / f"{value:03}.png"
        )
    (directory / f"{BROKEN:03}.png").write_bytes(b"no image")
    return [key(path) for path in sorted(directory.iterdir())]


def passes(module, files, caches, in_memory=None):
    """Of each worker its pass, its facts and how many images it has decoded itself."""

    def work(worker):
        settings = ModuleSettings(feature_cache=str(caches[worker.index]))
        own = None if settings.feature_cache == "none" else settings.feature_cache
        with ImageFactsStore(files, own) as store:
            options = PassOptions(settings, store, in_memory=in_memory, workers=worker)
            done = feature_pass(module, "image_feature_vector", files, options)
            decoded = int(store.known.sum())
            store.share(worker)
        images = [file for row, file in enumerate(files) if row not in done.skipped]
        return done, store.facts(images), decoded

    return together(len(caches), work)


@pytest.mark.parametrize("names", [["cache"] * 2, ["of 0", "of 1", "of 2"], ["none"] * 4])
def test_it_gives_what_one_process_gives_and_each_image_is_decoded_once(
    loaded_module, files, tmp_path, names
):
    alone = ModuleSettings(feature_cache=str(tmp_path / "alone"))
    expected = feature_pass(loaded_module, "image_feature_vector", files, PassOptions(alone))
    caches = [name if name == "none" else tmp_path / name for name in names]
    found = passes(loaded_module, files, caches)
    assert sum(decoded for *_, decoded in found) == COUNT - 1
    assert all(decoded > 0 for *_, decoded in found)
    for done, facts, _ in found:
        np.testing.assert_array_equal(done.features, expected.features)
        assert (done.skipped, done.computed) == (expected.skipped, COUNT - 1)
        assert facts.sizes.tolist() == [[6, 6]] * (COUNT - 1)
        assert facts.contents == found[0][1].contents
        np.testing.assert_array_equal(facts.thumbnails, found[0][1].thumbnails)


def test_what_was_computed_is_remembered_by_all(loaded_module, files, tmp_path):
    caches = [tmp_path / "of 0", tmp_path / "of 1"]
    first = passes(loaded_module, files, caches)
    for done, _, decoded in passes(loaded_module, files, caches, in_memory=0):  # read from files, then
        assert done.computed == 0
        np.testing.assert_array_equal(done.features, first[0][0].features)
        assert decoded == COUNT - 1  # remembered


def test_one_that_has_more_than_the_others_computes_again_what_they_lack(loaded_module, files, tmp_path):
    passes(loaded_module, files[:50], [tmp_path / "of 0"])
    found = passes(loaded_module, files, [tmp_path / "of 0", tmp_path / "of 1"])
    np.testing.assert_array_equal(found[0][0].features, found[1][0].features)
    assert [done.skipped.keys() for done, *_ in found] == [{BROKEN}] * 2


def test_whole_batches_are_shared_out_and_one_alone_has_all():
    files = [FileKey(str(row), 0, 0) for row in range(10)]
    assert shared_pass(ALONE, files, [1, 3, 4, 9]).mine(2).tolist() == [1, 3, 4, 9]
    lacks = [[1, 3, 4], [4, 9]]
    mine = together(2, lambda worker: shared_pass(worker, files, lacks[worker.index]).mine(2).tolist())
    assert mine == [[1, 3], [4, 9]]
