import pandas as pd
import pytest

from retrain.errors import InputError
from retrain.examples.split_file import CONTENT, EXAMPLES, Found, Frozen, freeze_splits, read_split_file


def frozen_splits(
    rows: list[tuple[str, str, str]], frozen: dict[str, str], **about: str
) -> tuple[list[str], list[str]]:
    """Of examples (path, group, split)."""
    paths, groups, splits = zip(*rows, strict=True)
    return freeze_splits(Found(paths, paths, groups, splits), Frozen(frozen, **about))


def sentence(path: str) -> str:
    with pytest.raises(InputError) as caught:
        read_split_file(path)
    return str(caught.value)


def test_reads_what_pandas_writes(tmp_path):
    frame = pd.DataFrame(
        {
            "path": ["a/1.jpg", 'a/"2", old.jpg', "猫/NA.jpg"],
            "label": ["a", "a", "猫"],
            "split": ["train", "validation", "test"],
        }
    )
    frame.to_csv(tmp_path / "predictions.csv", index=False)
    expected = {"a/1.jpg": "train", 'a/"2", old.jpg': "validation", "猫/NA.jpg": "test"}
    assert read_split_file(str(tmp_path / "predictions.csv")) == Frozen(expected)
    frame.to_csv(tmp_path / "excel.csv", index=False, encoding="utf-8-sig")
    assert read_split_file(str(tmp_path / "excel.csv")) == Frozen(expected)


def test_no_such_file(tmp_path):
    file = tmp_path / "x.csv"
    assert sentence(str(file)) == (
        f"{str(file)!r} was expected to be a CSV file with columns 'path' and 'split', but cannot be "
        "read (No such file or directory): name a run's predictions.csv."
    )


def test_no_text(tmp_path):
    file = tmp_path / "x.csv"
    file.write_bytes(b"\xff\xd8\xff")
    assert sentence(str(file)).startswith(
        f"{str(file)!r} was expected to be a CSV file with columns 'path' and 'split', but cannot be "
        "read ('utf-8' codec can't decode byte 0xff"
    )


def test_other_columns(tmp_path):
    file = tmp_path / "x.csv"
    file.write_text("path,label\na/1.jpg,a\n")
    assert sentence(str(file)) == (
        f"{str(file)!r} was expected to have columns 'path' and 'split', but its columns are 'path', "
        "'label': name a run's predictions.csv."
    )
    file.write_text("")
    assert sentence(str(file)) == (
        f"{str(file)!r} was expected to have columns 'path' and 'split', but its columns are none: "
        "name a run's predictions.csv."
    )


def test_unknown_splits(tmp_path):
    file = tmp_path / "x.csv"
    file.write_text("path,split\na/1.jpg,train\na/2.jpg,dev\na/3.jpg\n")
    assert sentence(str(file)) == (
        f"{str(file)!r} was expected to have 'train', 'validation' or 'test' in column 'split', but "
        "also has 'None', 'dev': name a run's predictions.csv."
    )


def test_known_paths_keep_their_split():
    examples = [("a/1.jpg", "a/1.jpg", "train"), ("a/2.jpg", "a/2.jpg", "test")]
    frozen, notes = frozen_splits(examples, {"a/1.jpg": "validation", "a/2.jpg": "train", "a/0.jpg": "test"})
    assert frozen == ["validation", "train"]
    assert notes == []


def test_new_images_join_their_group_or_keep_their_hash():
    examples = [
        ("a/1.jpg", "a/1.jpg", "train"),
        ("a/2.jpg", "a/1.jpg", "train"),
        ("a/3.jpg", "a/3.jpg", "test"),
    ]
    frozen, notes = frozen_splits(examples, {"a/2.jpg": "validation"})
    assert frozen == ["validation", "validation", "test"]
    assert notes == ["2 of 3 images are not in the split file: their group or their hash decides."]
    _, [note] = frozen_splits(examples, {"a/2.jpg": "validation"}, source="table of corrections")
    assert note == "2 of 3 images are not in the table of corrections: their group or their hash decides."


def test_a_file_of_another_folder():
    examples = [("a/2.jpg", "a/2.jpg", "train"), ("a/1.jpg", "a/1.jpg", "test")]
    with pytest.raises(InputError) as caught:
        frozen_splits(examples, {"b/1.jpg": "train", "b/2.jpg": "test"})
    assert str(caught.value) == (
        "The split file was expected to name images of this folder, such as 'a/1.jpg', but names none of "
        "them (2 others): name the file of a run on this folder."
    )


def test_contents_are_those_of_the_runs_examples(tmp_path):
    rows = {"path": ["a/1.jpg", "a/2.jpg"], "split": ["train", "test"]}
    pd.DataFrame(rows).to_csv(tmp_path / "predictions.csv", index=False)
    pd.DataFrame({**rows, CONTENT: ["01", "02"]}).to_csv(tmp_path / EXAMPLES, index=False)
    expected = Frozen({"a/1.jpg": "train", "a/2.jpg": "test"}, {"a/1.jpg": "01", "a/2.jpg": "02"})
    assert read_split_file(str(tmp_path / "predictions.csv")) == expected
    assert read_split_file(str(tmp_path / EXAMPLES)) == expected
    pd.DataFrame(rows).to_csv(tmp_path / EXAMPLES, index=False)  # of an earlier version
    assert read_split_file(str(tmp_path / EXAMPLES)) == Frozen(expected.splits)


def test_what_has_moved_is_known_by_its_content_and_what_was_edited_by_its_path():
    frozen = Frozen(
        {"a/1.jpg": "validation", "a/2.jpg": "test", "a/3.jpg": "test", "a/4.jpg": "validation"},
        {"a/1.jpg": "c1", "a/2.jpg": "c2", "a/3.jpg": "c3", "a/4.jpg": "c4"},
    )
    now = {"b/1-2.jpg": "c1", "a/2.jpg": "edited", "a/3.jpg": "c4", "b/4.jpg": "c3", "b/5.jpg": "new"}
    images = Found(list(now), list(now.values()), list(now), ["train"] * 5)
    assert freeze_splits(images, frozen) == (
        ["validation", "test", "validation", "test", "train"],
        [
            "3 of 5 images lie elsewhere than in the split file, and stay in their split.",
            "1 of 5 images are not in the split file: their group or their hash decides.",
        ],
    )
