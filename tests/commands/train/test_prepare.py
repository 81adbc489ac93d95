import json
import os
import pathlib
import shutil

import numpy as np
import pytest
from absl import logging
from PIL import Image

from retrain.commands.train.check import TrainPlan
from retrain.commands.train.prepare import list_examples, prepare, split_examples
from retrain.commands.train.records import begin_run
from retrain.errors import InputError
from retrain.settings.data import AS_USUAL
from tests import tiny_worlds
from tests.commands.worlds import photos_with_a_copy, train_plan
from tests.examples.test_near_duplicates import picture
from tests.examples.worlds import read


@pytest.fixture
def photos(tmp_path) -> pathlib.Path:
    """Besides its near copy, one file twice, and one damaged."""
    directory = photos_with_a_copy(tmp_path / "photos")
    shutil.copy(directory / "a" / "00.png", directory / "a" / "same.png")
    (directory / "b" / "bad.jpg").write_bytes(b"\xff\xd8\xff\xdb no more")
    return directory


@pytest.fixture
def plan(photos, averaging_module, tmp_path) -> TrainPlan:
    return train_plan(tmp_path / "run", image_dir=str(photos), tfhub_module=averaging_module)


def groups(examples) -> dict[str, str]:
    return dict(zip(examples.paths, examples.groups, strict=True))


def splits(examples) -> dict[str, str]:
    return dict(zip(examples.paths, examples.splits, strict=True))


def test_all_is_settled_before_a_head_is_trained(prepared_colours):
    examples = prepared_colours.examples
    assert examples.table["split"].value_counts().to_dict() == {"train": 18, "validation": 3, "test": 3}
    assert examples.features.shape == (24, 3)
    cyan = [path.startswith("cyan/") for path in examples.paths]
    np.testing.assert_allclose(np.asarray(examples.features)[cyan][0], [0.0, 1.0, 1.0], atol=0.05)
    assert prepared_colours.facts["splits"] == {"train": 18, "validation": 3, "test": 3}
    assert len(prepared_colours.left_out) == 0
    assert prepared_colours.starts == {}


def test_copies_are_one_group_before_groups_are_split(plan):
    prepared = prepare(plan)
    found, where = groups(prepared.examples), splits(prepared.examples)
    for one, other in (("a/00.png", "a/same.png"), ("a/02.png", "a/again.jpg")):
        assert found[one] == found[other]
        assert where[one] == where[other]
    assert len(set(found.values())) == 24
    assert prepared.left_out.to_dict("records") == [
        {"path": "b/bad.jpg", "reason": "damaged or incomplete JPEG"}
    ]
    assert prepared.facts["near_duplicates"] == [["a/02.png", "a/again.jpg"]]
    assert json.loads(json.dumps(prepared.facts)) == prepared.facts


def test_a_run_that_goes_on_has_the_same_examples_in_the_same_groups(plan, photos, monkeypatch):
    os.remove(photos / "b" / "bad.jpg")
    begun = prepare(plan)
    begin_run(plan, begun)
    # What came later changes nothing.
    picture(99).save(photos / "a" / "later.png")
    said = []
    monkeypatch.setattr(logging, "info", lambda text, *values: said.append(text % values))
    again = prepare(plan_now(plan))
    assert "1 images that came after the run's begin are left out." in said
    assert (again.examples.paths, again.examples.groups) == (begun.examples.paths, begun.examples.groups)
    assert again.examples.splits == begun.examples.splits
    np.testing.assert_array_equal(np.asarray(again.examples.features), np.asarray(begun.examples.features))
    assert again.facts is None


def plan_now(plan: TrainPlan) -> TrainPlan:
    """The plan, made again from the folder as it is now."""
    settings = plan.config.values()
    run = settings.pop("model_dir")
    return train_plan(run, **settings)


def test_the_splits_of_a_run_that_goes_on_are_those_that_it_recorded(plan):
    begun = prepare(plan)
    turned = {"train": "test", "test": "train", "validation": "validation"}
    begin_run(
        plan,
        begun._replace(
            examples=begun.examples.with_splits([turned[split] for split in begun.examples.splits])
        ),
    )
    assert prepare(plan_now(plan)).examples.splits == [turned[split] for split in begun.examples.splits]


def test_images_that_a_run_began_with_must_still_be_there_and_whole(plan, photos):
    begin_run(plan, prepare(plan))
    whole = (photos / "a" / "02.png").read_bytes()
    (photos / "a" / "02.png").write_bytes(b"\x89PNG\r\n\x1a\n".ljust(len(whole), b"\0"))
    with pytest.raises(InputError) as raised:
        prepare(plan_now(plan))
    assert str(raised.value) == (
        f"1 of the images that the run in {str(plan.run)!r} began with are damaged, such as 'a/02.png': put "
        "them back to go on, or start a new run in another --model_dir."
    )
    os.remove(photos / "a" / "02.png")
    with pytest.raises(InputError) as raised:
        prepare(plan_now(plan))
    assert str(raised.value) == (
        f"1 of the images that the run in {str(plan.run)!r} began with are gone, such as 'a/02.png': put "
        "them back to go on, or start a new run in another --model_dir."
    )


def test_splits_are_as_the_settings_say_and_as_another_run_had_them(
    colour_folder, averaging_module, tmp_path
):
    given = {"image_dir": colour_folder, "tfhub_module": averaging_module}
    plan = train_plan(tmp_path / "run", **given, validation_percentage=0.0, testing_percentage=50.0)
    listed = list_examples(plan, AS_USUAL)
    assert listed.recorded is None
    counts = split_examples(plan, read(listed.examples)).table["split"].value_counts()
    assert set(counts.index) == {"train", "test"}
    assert counts["test"] >= 9
    (tmp_path / "p.csv").write_text("path,split\ncyan/000.png,validation\ncyan/001.png,test\n")
    frozen = train_plan(tmp_path / "run", **given, split_file=str(tmp_path / "p.csv"))
    found = splits(split_examples(frozen, list_examples(frozen, AS_USUAL).examples))
    assert (found["cyan/000.png"], found["cyan/001.png"]) == ("validation", "test")


def test_what_leaks_between_given_splits_is_left_out(averaging_module, tmp_path):
    tiny_worlds.colour_folder(tmp_path / "photos" / "train", 4)
    tiny_worlds.colour_folder(tmp_path / "photos" / "val", 1)  # the first of each class once more
    plan = train_plan(tmp_path / "run", image_dir=str(tmp_path / "photos"), tfhub_module=averaging_module)
    prepared = prepare(plan)
    assert prepared.left_out["path"].tolist() == [
        f"train/{name}/000.png" for name in ("cyan", "magenta", "yellow")
    ]
    assert prepared.left_out["reason"].tolist()[0] == "not trained on: the same image is val/cyan/000.png"
    assert prepared.examples.table["split"].value_counts().to_dict() == {"train": 9, "validation": 3}


def test_every_class_needs_an_image_to_train_on(averaging_module, tmp_path):
    rows = ["path,kind,split"]
    (tmp_path / "photos").mkdir()
    for index in range(6):
        Image.new("RGB", (9, 9), (40 * index,) * 3).save(tmp_path / "photos" / f"{index}.png")
        rows.append(f"{index}.png,{'aabbcc'[index]},{'validation' if index > 3 else 'train'}")
    (tmp_path / "labels.csv").write_text("\n".join(rows) + "\n")
    given = {"image_dir": str(tmp_path / "photos"), "labels_file": str(tmp_path / "labels.csv")}
    with pytest.raises(InputError) as raised:
        prepare(train_plan(tmp_path / "run", **given, tfhub_module=averaging_module))
    assert str(raised.value) == (
        "Every class needs an image to train on, but train has none of 'c (kind)': add images, or remove the "
        "class."
    )


def test_weights_of_images_and_tasks_come_with_the_examples(colour_folder, averaging_module, tmp_path):
    rows = [f"{name}/{index:03}.png,{name},{index + 1}" for name in tiny_worlds.COLOURS for index in range(8)]
    (tmp_path / "labels.csv").write_text("\n".join(["path,kind,weight", *rows]) + "\n")
    given = {"image_dir": colour_folder, "labels_file": str(tmp_path / "labels.csv")}
    plan = train_plan(tmp_path / "run", **given, tfhub_module=averaging_module, task_weights=(("kind", 0.5),))
    examples = prepare(plan).examples
    expected = {row.split(",")[0]: float(row.split(",")[2]) for row in rows}
    assert dict(zip(examples.paths, examples.table["weight"], strict=True)) == expected
    assert examples.task_weights == {"kind": 0.5}


def test_heads_begin_where_the_plan_says(colour_folder, published, trained_run, averaging_module, tmp_path):
    warm = train_plan(
        tmp_path / "run",
        image_dir=colour_folder,
        tfhub_module=f"{published}/module",
        label_map=f"{published}/labels.txt",
        warm_start_head=True,
    )
    assert prepare(warm).starts["label"].kernel.any(axis=0).all()
    later = train_plan(tmp_path / "run", image_dir=colour_folder, warm_start_from=str(trained_run))
    assert prepare(later).starts["label"].kernel.any(axis=0).all()


def test_labels_are_corrected_in_the_same_split_also_of_a_run_that_goes_on(
    colour_folder, averaging_module, tmp_path
):
    given = {"image_dir": colour_folder, "tfhub_module": averaging_module}
    before = prepare(train_plan(tmp_path / "first", **given)).examples
    held_out = [path for path, split in zip(before.paths, before.splits, strict=True) if split != "train"]
    rows = [f"{path},{split}," for path, split in zip(before.paths, before.splits, strict=True)]
    rows = [row + "yellow" if row.split(",")[0] in held_out else row for row in rows]
    (tmp_path / "mine.csv").write_text("\n".join(["path,split,corrected", *rows]) + "\n")
    plan = train_plan(tmp_path / "second", **given, corrections=str(tmp_path / "mine.csv"))
    begun = prepare(plan)
    begin_run(plan, begun)
    for now in (begun.examples, prepare(plan).examples):
        assert splits(now) == splits(before)
        cells = dict(zip(now.paths, now.tasks["label"].cells, strict=True))
        assert {path for path, cell in cells.items() if cell != path.split("/")[0]} == {
            path for path in held_out if not path.startswith("yellow")
        }
