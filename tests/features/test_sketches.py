import pathlib

import numpy as np
import pytest
from PIL import ExifTags, Image

from retrain.data.pipeline import batches_with_facts, facts_batches, image_batches
from retrain.features import sketches
from retrain.features.cache import FileKey
from retrain.features.sketches import SketchBook


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


def test_what_a_sketch_says(files):
    book = SketchBook(files, None)
    book.fill(files)
    found = book.sketches(files)
    assert found.formats == ["PNG", "JPEG", ""]
    assert found.sizes.tolist() == [[64, 40], [64, 40], [0, 0]]
    assert (found.thumbnails[0, :16] == [255, 0, 0]).all()
    assert (found.thumbnails[0, 16:] == [0, 0, 255]).all()
    assert np.abs(found.thumbnails[1].astype(int) - found.thumbnails[0]).max() <= 4
    assert not found.thumbnails[2].any()
    assert (book.has(files[:2]), book.has(files), book.has([])) == (True, False, True)


def test_of_a_large_image_the_thumbnail_shows_the_mean(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, [1600, 1600, 3]).astype(np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    files = [key(tmp_path / "noise.png")]
    book = SketchBook(files, None)
    book.fill(files)
    assert np.abs(book.sketches(files).thumbnails.astype(float) - 127.5).max() < 50


def test_sketches_are_remembered_by_path_size_and_time(files, tmp_path, monkeypatch):
    with SketchBook(files, tmp_path / "cache") as book:
        book.fill(files)
    again = SketchBook(files, tmp_path / "cache")
    assert again.has(files[:2])
    for one, other in zip(again.sketches(files), book.sketches(files), strict=True):
        assert np.array_equal(one, other)
    monkeypatch.setattr(sketches, "facts_batches", lambda *_: 1 / 0)
    again.fill(files[:2])
    assert not SketchBook([files[0]._replace(mtime_ns=0)], tmp_path / "cache").has(
        [files[0]._replace(mtime_ns=0)]
    )


def test_what_was_sketched_before_an_error_is_kept_and_nothing_twice(files, tmp_path):
    with pytest.raises(KeyboardInterrupt), SketchBook(files, tmp_path / "cache") as book:
        book.fill(files[:1])
        raise KeyboardInterrupt
    again = SketchBook(files, tmp_path / "cache")
    assert (again.has(files[:1]), again.has(files[1:2])) == (True, False)
    with again:
        again.fill(files)
    with again:
        again.fill(files)
    assert len(list((tmp_path / "cache").rglob("*.rows"))) == 2


def test_without_a_directory_nothing_is_kept(files, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    with SketchBook(files, None) as book:
        book.fill(files)
    assert sorted(tmp_path.rglob("*")) == before


def test_images_are_the_same_whether_sketched_or_not(files):
    paths = [file.path for file in files]
    (rows, plain), *_ = image_batches(paths, (24, 16), 8).as_numpy_iterator()
    (also, images, taken), *_ = batches_with_facts(paths, (24, 16), 8).as_numpy_iterator()
    (_, alone), *_ = facts_batches(paths, 8).as_numpy_iterator()
    assert rows.tolist() == also.tolist() == [0, 1]
    assert np.array_equal(images, plain)
    assert all(np.array_equal(taken[name], alone[name]) for name in taken)
