import os

from retrain.data.listing import read_listing
from retrain.examples.table import TASK, examples_table, stem


def groups(image_dir: str) -> dict[str, str]:
    examples = examples_table(read_listing(image_dir))
    return dict(zip(examples["path"], examples["group"], strict=True))


def test_one_row_an_image(tree):
    photos = tree({"roses/b.jpg": b"1234", "roses/a.jpg": b"12", "daisies/c.jpg": b""})
    os.utime(os.path.join(photos, "roses", "b.jpg"), ns=(0, 123456789))
    examples = examples_table(read_listing(photos))
    assert examples.columns.tolist() == ["path", TASK, "split", "group", "size", "mtime_ns"]
    assert examples["path"].tolist() == ["daisies/c.jpg", "roses/a.jpg", "roses/b.jpg"]
    assert examples[TASK].tolist() == ["daisies", "roses", "roses"]
    assert examples["split"].tolist() == ["", "", ""]
    assert examples["group"].tolist() == ["daisies/c.jpg", "roses/a.jpg", "roses/b.jpg"]
    assert examples["size"].tolist() == [0, 2, 4]
    assert examples["mtime_ns"].tolist()[2] == 123456789


def test_a_file_that_has_vanished_stays_in_the_table(tree):
    photos = tree(["a/1.jpg", "b/1.jpg"])
    listing = read_listing(photos)
    os.remove(os.path.join(photos, "a", "1.jpg"))
    assert examples_table(listing)["size"].tolist() == [0, 7]


def test_the_stem_ends_at_nohash():
    assert stem("roses/anna_nohash_1.jpg") == stem("roses/anna_nohash_2_nohash_3.jpg") == "roses/anna"
    assert stem("roses/anna.jpg") == "roses/anna.jpg"


def test_images_of_one_thing_are_a_group(tree):
    photos = tree(["a/x_nohash_1.jpg", "a/x_nohash_2.jpg", "a/x.jpg", "b/x_nohash_1.jpg"])
    assert groups(photos) == {
        "a/x.jpg": "a/x.jpg",
        "a/x_nohash_1.jpg": "a/x",
        "a/x_nohash_2.jpg": "a/x",
        "b/x_nohash_1.jpg": "b/x",
    }


def test_images_with_the_same_content_are_a_group_called_after_the_first(tree):
    photos = tree({"a/2.jpg": b"same", "a/1.jpg": b"same", "a/3.jpg": b"else", "b/1.jpg": b"same"})
    assert groups(photos) == {
        "a/1.jpg": "a/1.jpg",
        "a/2.jpg": "a/1.jpg",
        "a/3.jpg": "a/3.jpg",
        "b/1.jpg": "a/1.jpg",
    }


def test_groups_that_share_an_image_become_one(tree):
    photos = tree(
        {
            "a/m_nohash_1.jpg": b"1",
            "a/m_nohash_2.jpg": b"2",
            "a/k_nohash_1.jpg": b"2",
            "a/k_nohash_2.jpg": b"3",
            "a/z.jpg": b"3",
            "a/y.jpg": b"1",
            "b/1.jpg": b"4",
        }
    )
    found = groups(photos)
    assert found.pop("b/1.jpg") == "b/1.jpg"
    assert set(found.values()) == {"a/k"}


def test_a_given_split_is_not_regrouped(tree):
    photos = tree({f"{split}/{name}/1.jpg": b"same" for split in ("train", "test") for name in "ab"})
    assert all(path == group for path, group in groups(photos).items())
