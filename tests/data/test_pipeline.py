import itertools
import os
import pathlib
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from retrain.data import decoded_images, loaded_images, no_image
from retrain.data.augmentation.levels import LEVELS, NONE
from retrain.data.images import load_image
from retrain.data.pipeline import (
    TrainingImages,
    batches_with_facts,
    facts_batches,
    file_contents,
    image_batches,
    index_batches,
    training_batches,
    undecodable,
)
from tests.tiny_shards import shard


def grey_images(directory, count: int, size: tuple[int, int] = (6, 4)) -> list[str]:
    """Files whose brightness is their number."""
    paths = [str(directory / f"{index} ü.png") for index in range(count)]
    for index, path in enumerate(paths):
        Image.new("RGB", size, (index, index, index)).save(path)
    return paths


def numbers(images: tf.Tensor) -> list[int]:
    return np.rint(images.numpy()[:, 0, 0, 0] * 255).astype(int).tolist()


def take(batches: tf.data.Dataset, count: int) -> list[np.ndarray]:
    return [batch.numpy() for batch in batches.take(count)]


def test_every_image_once_with_its_row(tmp_path):
    batches = list(image_batches(grey_images(tmp_path, 7), (3, 5), 3))
    assert [rows.numpy().tolist() for rows, _ in batches] == [[0, 1, 2], [3, 4, 5], [6]]
    for rows, images in batches:
        assert rows.dtype == tf.int64
        assert images.dtype == tf.float32
        assert images.shape == (len(rows), 3, 5, 3)
        assert numbers(images) == rows.numpy().tolist()


def test_undecodable_files_are_left_out_and_batches_are_full(tmp_path):
    paths = grey_images(tmp_path, 7)
    (tmp_path / "1 ü.png").write_bytes(b"")
    (tmp_path / "3 ü.png").write_text("no image")
    os.remove(tmp_path / "4 ü.png")
    batches = list(image_batches(paths, (3, 5), 3))
    assert [rows.numpy().tolist() for rows, _ in batches] == [[0, 2, 5], [6]]
    assert [numbers(images) for _, images in batches] == [[0, 2, 5], [6]]


def test_images_in_tar_files_are_those_of_files(tmp_path, monkeypatch):
    monkeypatch.setattr(loaded_images, "LARGE", 100)
    names = ["good.png", "large.png", "empty.png", "none.png"]
    for name, side in zip(names[:2], (4, 40), strict=True):
        Image.new("RGB", (side, side), (side, 90, 0)).save(tmp_path / name)
    contents = [*((tmp_path / name).read_bytes() for name in names[:2]), b"", b"no image"]
    tar = shard(tmp_path / "x.tar", dict(zip(names, contents, strict=True)))
    for name in names[2:]:
        (tmp_path / name).write_bytes(b"")
    inside, files = (
        [f"{place}/{name}" for name in [*names[:2], "gone.png", *names[2:]]] for place in (tar, tmp_path)
    )
    [(rows, images)], [(_, expected)] = (image_batches(paths, (2, 2), 4) for paths in (inside, files))
    assert rows.numpy().tolist() == [0, 1]
    np.testing.assert_array_equal(images, expected)
    assert file_contents(inside[:2]) == file_contents(files[:2])
    reasons = ["", "", "cannot be read (No such file or directory)", "empty file", "not a file of an image"]
    assert [undecodable(path) for path in inside] == reasons
    monkeypatch.setattr(no_image, "LARGEST_FILE", 8)
    assert undecodable(inside[0]).startswith("larger than ")
    assert not [*image_batches(inside[:1], (2, 2), 4)]


def test_what_is_no_file_or_huge_is_never_opened(tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "good.png")
    os.mkfifo(tmp_path / "pipe.png")
    with open(tmp_path / "sparse.jpg", "wb") as file:
        file.truncate(20 * 2**30)
    reasons = {"pipe.png": "not a file", "sparse.jpg": "larger than 1 GiB", "good.png": "", "gone.png": ""}
    assert {name: no_image.unreadable(str(tmp_path / name)) for name in reasons} == reasons
    assert undecodable(str(tmp_path / "pipe.png")) == "not a file"
    assert undecodable(str(tmp_path / "sparse.jpg")) == "larger than 1 GiB"
    [(rows, _)] = image_batches([str(tmp_path / name) for name in reasons], (2, 2), 4)
    assert rows.numpy().tolist() == [2]


def test_no_images():
    assert list(image_batches([], (3, 5), 3)) == []


def test_the_shape_of_a_batch_is_known(tmp_path):
    _, images = image_batches(grey_images(tmp_path, 2), (3, 5), 2).element_spec
    assert images.shape.as_list() == [None, 3, 5, 3]


def test_images_are_the_same_with_their_facts_and_facts_the_same_alone(tmp_path):
    paths = grey_images(tmp_path, 3, size=(40, 64))
    (tmp_path / "1 ü.png").write_text("no image")
    [(rows, plain)] = image_batches(paths, (3, 5), 8)
    [(also, (images, facts))] = batches_with_facts(paths, (3, 5), 8)
    [(again, alone)] = facts_batches(paths, 8)
    assert rows.numpy().tolist() == also.numpy().tolist() == again.numpy().tolist() == [0, 2]
    np.testing.assert_array_equal(images, plain)
    assert sorted(facts) == sorted(alone) == ["content", "magic", "size", "thumbnail", "traits"]
    for name in facts:
        np.testing.assert_array_equal(facts[name], alone[name])


@pytest.mark.parametrize(("count", "batch_size"), [(10, 3), (10, 10), (10, 25), (1, 2), (3, 1)])
def test_every_row_once_an_epoch_whatever_the_batch_size(count, batch_size):
    steps = -(-4 * count // batch_size)
    batches = take(index_batches(count, batch_size, seed=1), steps)
    assert all(batch.shape == (batch_size,) and batch.dtype == np.int64 for batch in batches)
    rows = np.concatenate(batches)
    for epoch in range(4):
        assert sorted(rows[epoch * count : (epoch + 1) * count]) == list(range(count))


def test_epochs_and_seeds_differ():
    first, second = take(index_batches(50, 50, seed=1), 2)
    other = take(index_batches(50, 50, seed=2), 1)[0]
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first, np.arange(50))


def test_all_orders_of_a_few_rows_are_about_as_likely():
    orders = [tuple(order) for order in take(index_batches(3, 3, seed=0), 600)]
    assert {order: 60 < orders.count(order) < 140 for order in itertools.permutations(range(3))} == (
        dict.fromkeys(itertools.permutations(range(3)), True)
    )


@pytest.mark.parametrize("batch_size", [3, 10, 25])
@pytest.mark.parametrize("first_step", [1, 3, 4, 11])
def test_a_run_continues_where_it_stopped(batch_size, first_step):
    whole = take(index_batches(10, batch_size, seed=5), 15)
    rest = take(index_batches(10, batch_size, seed=5, first_step=first_step), 15 - first_step)
    np.testing.assert_array_equal(rest, whole[first_step:])


def test_training_batches_follow_the_indices(tmp_path):
    images = TrainingImages(grey_images(tmp_path, 5), (4, 2), np.array([10, 11, 12, 13, 14]))
    for first_step in (0, 4):
        expected = take(index_batches(5, 3, 7, first_step), 4)
        batches = training_batches(images, 3, seed=7, first_step=first_step)
        assert batches.element_spec[0]["images"].shape.as_list() == [3, 4, 2, 3]
        for rows, (inputs, chosen) in zip(expected, batches, strict=False):
            assert numbers(inputs["images"]) == rows.tolist()
            assert chosen.numpy().tolist() == (rows + 10).tolist()


def test_labels_by_task_and_weights(tmp_path):
    labels = {"kind": np.array([10, 11, 12]), "tags": np.eye(3, dtype=np.float32)}
    weights = np.array([1.0, 2.0, 3.0], np.float32)
    (rows,) = take(index_batches(3, 2, 7), 1)
    images = TrainingImages(grey_images(tmp_path, 3), (2, 2), labels, weights)
    _, chosen, weighed = next(iter(training_batches(images, 2, 7)))
    np.testing.assert_array_equal(chosen["kind"], rows + 10)
    np.testing.assert_array_equal(chosen["tags"], np.eye(3)[rows])
    np.testing.assert_array_equal(weighed, rows + 1)


@pytest.fixture
def noise(tmp_path):
    """Paths of seven images of noise."""
    paths = [str(tmp_path / f"{index}.png") for index in range(7)]
    for index, path in enumerate(paths):
        pixels = np.random.default_rng(index).integers(0, 256, (20, 30, 3), np.uint8)
        Image.fromarray(pixels).save(path)
    return paths


def training(noise, augmentation=NONE, first_step=0, count=6, part=None) -> list[dict[str, np.ndarray]]:
    images = TrainingImages(noise, (9, 8), np.arange(7))
    batches = training_batches(images, 3, 5, augmentation, first_step, part)
    return [
        {name: value.numpy() for name, value in {**inputs, "labels": labels}.items()}
        for inputs, labels in batches.take(count)
    ]


def test_without_augmentation_images_are_those_of_prediction(noise):
    for batch in training(noise):
        expected = [load_image(tf.constant(noise[row]), (9, 8)) for row in batch["labels"]]
        np.testing.assert_array_equal(batch["images"], expected)


def test_training_images_may_lie_in_tar_files(noise, tmp_path):
    tar = shard(
        tmp_path / "x.tar", {os.path.basename(path): pathlib.Path(path).read_bytes() for path in noise}
    )
    inside = training([f"{tar}/{os.path.basename(path)}" for path in noise])
    for batch, expected in zip(inside, training(noise), strict=True):
        np.testing.assert_array_equal(batch["images"], expected["images"])


@pytest.mark.parametrize("level", LEVELS)
def test_a_continued_run_sees_what_an_uninterrupted_one_sees(noise, level):
    whole, rest = training(noise, LEVELS[level]), training(noise, LEVELS[level], first_step=2, count=4)
    for expected, batch in zip(whole[2:], rest, strict=True):
        assert set(batch) == set(expected)
        for name, value in expected.items():
            np.testing.assert_array_equal(batch[name], value)


@pytest.mark.parametrize("level", ["none", "medium"])
def test_images_that_do_not_fit_into_memory_are_the_same(noise, level, monkeypatch):
    kept = training(noise, LEVELS[level])
    monkeypatch.setattr(decoded_images, "MEMORY", 1000)
    for expected, batch in zip(kept, training(noise, LEVELS[level]), strict=True):
        np.testing.assert_array_equal(batch["images"], expected["images"])


def test_an_image_comes_out_otherwise_in_every_epoch(noise):
    by_label = [
        {
            int(label): image
            for batch in batches
            for label, image in zip(batch["labels"], batch["images"], strict=True)
        }
        for batches in (training(noise, LEVELS["light"], step, count=2) for step in (0, 7))
    ]
    shared = by_label[0].keys() & by_label[1].keys()
    assert len(shared) > 2
    assert not any(np.array_equal(by_label[0][label], by_label[1][label]) for label in shared)


def test_what_is_skipped_is_never_read_where_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(decoded_images, "MEMORY", 0)
    paths = grey_images(tmp_path, 6)
    images = TrainingImages(paths, (2, 2), np.arange(6))
    skipped = take(index_batches(6, 2, seed=3), 1)[0]
    for row in skipped:
        os.remove(paths[row])
    inputs, _ = next(iter(training_batches(images, 2, seed=3, first_step=1).take(1)))
    assert numbers(inputs["images"]) == take(index_batches(6, 2, seed=3), 2)[1].tolist()


def test_why_a_file_gives_no_image(tmp_path, monkeypatch):
    good = grey_images(tmp_path, 1)[0]
    contents = pathlib.Path(good).read_bytes()
    reasons = {
        "good.png": (contents, ""),
        "empty.png": (b"", "empty file"),
        "text.jpg": (b"hello", "not a file of an image"),
        "cut.jpg": (contents[:60], "damaged or incomplete PNG"),
        "cut.tif": (b"II*\0", "damaged or unusual TIFF"),
        "cut.bmp": (b"BM\x46" + bytes(11), "damaged or incomplete BMP"),
    }
    for name, (content, _) in reasons.items():
        (tmp_path / name).write_bytes(content)
    assert {name: undecodable(str(tmp_path / name)) for name in reasons} == {
        name: reason for name, (_, reason) in reasons.items()
    }
    (tmp_path / "1.heic").write_bytes(b"\0\0\0\x18ftypheic")
    assert undecodable(str(tmp_path / "1.heic")) == "damaged or incomplete HEIF"
    monkeypatch.setattr(no_image, "READS_HEIF", False)
    assert undecodable(str(tmp_path / "1.heic")) == "HEIF: pip install 'retrain[heif]'"
    assert undecodable(str(tmp_path / "missing.jpg")) == "cannot be read (No such file or directory)"
    assert undecodable(str(tmp_path)) == "not a file"


@pytest.mark.parametrize("level", LEVELS)
def test_a_part_of_each_batch_is_as_it_is_in_the_whole(noise, level):
    augmentation = replace(LEVELS[level], random_erasing=0.5, mixup=0.0, cutmix=0.0)
    whole, part = (training(noise, augmentation, count=3, part=some) for some in (None, slice(1, 3)))
    for expected, batch in zip(whole, part, strict=True):
        np.testing.assert_array_equal(batch["labels"], expected["labels"][1:])
        np.testing.assert_allclose(batch["images"], expected["images"][1:], atol=1e-6)


def test_images_of_a_part_are_mixed_with_others_of_it_by_the_shares_of_the_whole(noise):
    augmentation = replace(NONE, mixup=0.4)
    whole, part = (training(noise, augmentation, count=3, part=some) for some in (None, slice(1, 3)))
    for expected, batch in zip(whole, part, strict=True):
        assert batch["partner"].tolist() == [1, 0]
        np.testing.assert_allclose(batch["share"], expected["share"][1:], atol=1e-6)
        np.testing.assert_allclose(batch["images"][1], expected["images"][2], atol=1e-6)
