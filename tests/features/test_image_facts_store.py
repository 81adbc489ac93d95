import pathlib
import tracemalloc

import numpy as np
import pytest
from PIL import ExifTags, Image

from retrain.data.pipeline import batches_with_facts, facts_batches, file_contents, image_batches
from retrain.features import image_facts_store, shared_rows
from retrain.features.cache import FileKey
from retrain.features.image_facts_store import ImageFactsStore


def key(path: pathlib.Path) -> FileKey:
    status = path.stat()
    return FileKey(str(path), status.st_size, status.st_mtime_ns)


@pytest.fixture
def files(tmp_path) -> list[FileKey]:
    """A tall PNG, red above blue; the same lying on its side, with a note of it; and no image."""
    picture = Image.new("RGB", (40, 64), "red")
    picture.paste("blue", (0, 32, 40, 64))
    picture.save(tmp_path / "tall.png")
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    picture.rotate(90, expand=True).save(tmp_path / "lying.jpg", exif=exif, quality=100, subsampling=0)
    (tmp_path / "none.gif").write_bytes(b"no image")
    return [key(tmp_path / name) for name in ("tall.png", "lying.jpg", "none.gif")]


def test_what_is_noted_of_images(files):
    store = ImageFactsStore(files, None)
    store.fill(files)
    found = store.facts(files)
    assert found.formats == ["PNG", "JPEG", ""]
    assert found.sizes.tolist() == [[64, 40], [64, 40], [0, 0]]
    assert (found.thumbnails[0, :16] == [255, 0, 0]).all()
    assert (found.thumbnails[0, 16:] == [0, 0, 255]).all()
    assert np.abs(found.thumbnails[1].astype(int) - found.thumbnails[0]).max() <= 4
    assert not found.thumbnails[2].any()
    assert found.contents == [*file_contents([file.path for file in files[:2]]), "0" * 16]
    assert len(set(found.contents)) == 3
    assert (store.has(files[:2]), store.has(files), store.has([])) == (True, False, True)


def test_of_a_large_image_the_thumbnail_shows_the_mean(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, [1600, 1600, 3]).astype(np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    files = [key(tmp_path / "noise.png")]
    store = ImageFactsStore(files, None)
    store.fill(files)
    assert np.abs(store.facts(files).thumbnails.astype(float) - 127.5).max() < 50


def test_facts_are_remembered_by_path_size_and_time(files, tmp_path, monkeypatch):
    with ImageFactsStore(files, tmp_path / "cache") as store:
        store.fill(files)
    again = ImageFactsStore(files, tmp_path / "cache")
    assert again.has(files[:2])
    for one, other in zip(again.facts(files), store.facts(files), strict=True):
        assert np.array_equal(one, other)
    monkeypatch.setattr(image_facts_store, "facts_batches", lambda *_: 1 / 0)
    again.fill(files[:2])
    assert not ImageFactsStore([files[0]._replace(mtime_ns=0)], tmp_path / "cache").has(
        [files[0]._replace(mtime_ns=0)]
    )


def test_what_was_noted_before_an_error_is_kept_and_nothing_twice(files, tmp_path):
    with pytest.raises(KeyboardInterrupt), ImageFactsStore(files, tmp_path / "cache") as store:
        store.fill(files[:1])
        raise KeyboardInterrupt
    again = ImageFactsStore(files, tmp_path / "cache")
    assert (again.has(files[:1]), again.has(files[1:2])) == (True, False)
    with again:
        again.fill(files)
    with again:
        again.fill(files)
    assert len(list((tmp_path / "cache").rglob("*.rows"))) == 2


def test_without_a_directory_nothing_is_kept(files, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    with ImageFactsStore(files, None) as store:
        store.fill(files)
    assert sorted(tmp_path.rglob("*")) == before


def test_images_are_the_same_whether_facts_are_taken_or_not(files):
    paths = [file.path for file in files]
    (rows, plain), *_ = image_batches(paths, (24, 16), 8).as_numpy_iterator()
    (also, (images, taken)), *_ = batches_with_facts(paths, (24, 16), 8).as_numpy_iterator()
    (_, alone), *_ = facts_batches(paths, 8).as_numpy_iterator()
    assert rows.tolist() == also.tolist() == [0, 1]
    assert np.array_equal(images, plain)
    assert all(np.array_equal(taken[name], alone[name]) for name in taken)


def test_facts_of_many_images_lie_in_memory_once(tmp_path, monkeypatch):
    monkeypatch.setattr(shared_rows, "ROWS_AT_A_TIME", 64)
    files = [FileKey(f"{number}.jpg", number, 0) for number in range(2000)]
    store = ImageFactsStore(files, tmp_path / "cache")
    store.rows[:], store.known[:] = np.arange(2000)[:, None] % 256, True
    tracemalloc.start()
    store.keep()
    found = store.facts(files)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < store.rows.nbytes / 2
    assert np.shares_memory(found.thumbnails, store.rows)
    np.testing.assert_array_equal(ImageFactsStore(files, tmp_path / "cache").rows, store.rows)
    np.testing.assert_array_equal(store.facts(files[7:3:-1]).thumbnails, found.thumbnails[7:3:-1])
