import json
import os
import re
import socket

import pytest
from PIL import Image

from retrain import files
from retrain.commands.train.check import TrainPlan, check
from retrain.errors import InputError
from retrain.metric import LOSS
from retrain.settings.config import Config, to_flags


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A working directory with photos of roses and tulips in it, and what looks like a module."""
    for name in ("photos/roses/1.jpg", "photos/roses/deep/er/2.PNG", "photos/tulips/3.gif"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (2, 2)).save(tmp_path / name)
    files.write_text(tmp_path / "module" / "saved_model.pb", "")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def planned(**settings: object) -> TrainPlan:
    return check(Config.of(**{"image_dir": "photos", **settings}), [])


def sentence(**settings: object) -> str:
    with pytest.raises(InputError) as raised:
        planned(**settings)
    return str(raised.value)


def test_a_run_gets_a_new_directory_and_makes_none(here):
    before = os.listdir(here)
    plan = planned()
    assert plan.data.class_names == ("roses", "tulips")
    assert (plan.metric, plan.source, plan.published) == (LOSS, None, None)
    assert re.fullmatch(r"runs/photos-\d{8}-\d{6}", str(plan.run))
    assert plan.run.is_default
    assert os.listdir(here) == before


@pytest.mark.parametrize("image_dir", ["photos/", "./photos", "../{}/photos"])
def test_a_run_is_called_after_its_folder_however_that_is_written(here, image_dir):
    assert str(planned(image_dir=image_dir.format(here.name)).run).startswith("runs/photos-")


def test_a_directory_that_is_empty_may_be_named(here):
    (here / "mine").mkdir()
    for name in ("mine", "new", "deep/new"):
        assert str(planned(model_dir=name).run) == name


def test_a_directory_with_something_in_it_is_left_alone(here):
    files.write_text("run/labels.txt", "roses\ntulips\n")
    assert sentence(model_dir="run") == (
        "--model_dir='run' is not empty, and nothing is overwritten: name a new directory."
    )
    files.write_text("run/labels.txt", "cats\ndogs\n")
    assert sentence(model_dir="run") == (
        "--model_dir='run' holds a run with other classes (cats, dogs): name a new directory."
    )
    files.write_text("run/labels.txt", "a\nb\nc\nd\ne\nf\n")
    assert sentence(model_dir="run") == (
        "--model_dir='run' holds a run with other classes (a, b, c, d, e, ...): name a new directory."
    )


def test_what_a_dry_run_left_is_no_run():
    files.write_text("run/data_report.json", "")
    assert str(planned(model_dir="run").run) == "run"


def test_a_file_is_no_directory_to_write_to(here):
    (here / "run").touch()
    assert sentence(model_dir="run") == "--model_dir='run' is a file: name a new directory."


@pytest.mark.parametrize("model_dir", ["photos/run", "photos", "photos/roses/../run"])
def test_a_run_inside_the_photos_would_be_a_class_of_the_next(model_dir):
    assert sentence(model_dir=model_dir) == (
        f"The run would write to {model_dir!r}, inside --image_dir='photos', where the next run would take "
        "it for a class: name a --model_dir elsewhere."
    )


def test_nor_does_a_run_started_inside_the_photos_write_there(here, monkeypatch):
    monkeypatch.chdir(here / "photos")
    assert "inside --image_dir='.', where" in sentence(image_dir=".")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            {"split_file": "gone.csv"},
            "'gone.csv' was expected to be a CSV file with columns 'path' and 'split', but cannot be read "
            "(No such file or directory): name a run's predictions.csv.",
        ),
        (
            {"image_dir": "gone"},
            "'gone' does not exist, but a folder of class folders was expected: name one that holds images "
            "as DIR/CLASS/*.jpg.",
        ),
        (
            {"image_dir": "photos/roses"},
            "'photos/roses' has 1 class folder ('deep'), but a classifier needs 2 class folders or more: put "
            "images in DIR/CLASS/*.jpg.",
        ),
        (
            {"tfhub_module": "photos"},
            "'photos' is no module: there is no saved_model.pb in it, but roses/, tulips/.",
        ),
        (
            {"label_map": "gone.txt", "warm_start_head": True},
            "--label_map='gone.txt' was expected to be a text file with one class a line, but cannot be read "
            "(No such file or directory): name the label file of the module.",
        ),
        (
            {"warm_start_from": "gone"},
            "--warm_start_from='gone' does not exist: name the directory of a run, one of its checkpoints, "
            "such as RUN/ckpt-100, or an exported classifier.",
        ),
    ],
)
def test_what_cannot_be_trained_on(settings, expected):
    assert sentence(**settings) == expected


def test_a_label_map_is_not_for_tables():
    files.write_text("labels.csv", "path,kind\nroses/1.jpg,a\ntulips/3.gif,b\n")
    files.write_text("labels.txt", "a\nb\n")
    given = {"labels_file": "labels.csv", "label_map": "labels.txt", "warm_start_head": True}
    assert sentence(**given) == (
        "--label_map is for class folders, which have the names of a module's own classes: it does not go "
        "with --labels_file, nor with the labels in shards."
    )


def test_the_classes_of_the_publisher_are_known_where_heads_begin_with_them():
    files.write_text("labels.txt", "roses\n")
    assert planned(label_map="labels.txt", warm_start_head=True).published == ("roses",)


def test_an_earlier_run_is_found():
    files.write_text("run/run.flags", to_flags(Config.of(image_dir="photos"), "train"))
    files.write_text("run/ckpt-3/variables.index", "")
    source = planned(warm_start_from="run").source
    assert (source.named, source.checkpoint) == ("run", "run/ckpt-3/variables")


def test_the_metric_of_early_stopping_is_one_that_there_will_be():
    tuned = {"tfhub_module": "module", "fine_tune": True}
    metric = planned(**tuned, early_stopping_metric="macro_f1").metric
    assert (metric.key, metric.task, metric.higher_is_better) == ("macro_f1", "label", True)
    files.write_text("labels.csv", "path,gloss,tags\nroses/1.jpg,a,x|y\ntulips/3.gif,b,x\n")
    table = {**tuned, "labels_file": "labels.csv"}
    # "loss" in the name of a task says nothing of a direction.
    assert planned(**table, early_stopping_metric="accuracy/gloss").metric.higher_is_better
    assert sentence(**table, early_stopping_metric="micro_f1/gloss").startswith(
        "'micro_f1/gloss' is no figure of --early_stopping_metric: choose from accuracy/gloss, "
    )


def test_an_unfinished_run_goes_on_with_its_own_flags(here):
    files.write_text("run/run.flags", to_flags(Config.of(image_dir=str(here / "photos"), seed=3), "train"))
    assert str(planned(model_dir="run", seed=3).run) == "run"
    assert sentence(model_dir="run") == (
        "--model_dir='run' holds an unfinished run with other settings (--seed: was 3, is 0): give the same "
        "to go on, or name a new directory."
    )


def test_percentages_have_no_effect_on_given_splits(here):
    for split in ("train", "test"):
        for name in ("roses", "tulips"):
            (here / "split" / split / name).mkdir(parents=True)
            Image.new("RGB", (2, 2)).save(here / "split" / split / name / "1.png")
    assert planned(image_dir="split").data.listing.given_split
    assert sentence(image_dir="split", testing_percentage=20.0) == (
        "--testing_percentage=20.0 has no effect, for the data say the split of each image: leave it out."
    )


@pytest.mark.parametrize(("flag", "what"), [("saved_model_dir", "directory"), ("labels_output_file", "file")])
def test_a_copy_overwrites_nothing(here, flag, what):
    (here / "taken").touch()
    planned(**{flag: "new"})
    assert sentence(**{flag: "taken"}) == (
        f"'taken' exists already, and nothing is overwritten: name a new {what}."
    )


def test_versions_that_are_there_are_no_obstacle(here):
    (here / "versions").mkdir()
    planned(saved_model_dir="versions", version_directory=True)
    assert sentence(saved_model_dir="versions") == (
        "'versions' exists already, and nothing is overwritten: name a new directory."
    )


def task(monkeypatch, kind: str) -> None:
    """Makes this process such a task of a cluster of two workers."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    cluster = {"chief": [address], "worker": [address], "evaluator": [address]}
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": cluster, "task": {"type": kind, "index": 0}}))


def test_of_several_workers_the_chief_alone_has_the_run(monkeypatch):
    assert planned(model_dir="mine").cluster is None
    for kind, is_others in (("chief", False), ("worker", True), ("evaluator", True)):
        task(monkeypatch, kind)
        plan = planned(model_dir="mine")
        assert plan.cluster.count == 2
        assert (plan.run.is_others, str(plan.run)) == (is_others, "mine")
    assert planned(distribution="off").cluster is None


def test_several_workers_need_one_directory_and_something_to_share(monkeypatch):
    task(monkeypatch, "worker")
    assert sentence() == (
        "TF_CONFIG names 2 workers, who need one --model_dir that all see: name it, the same on each, or "
        "give --distribution=off."
    )
    for flag in ("dry_run", "find_learning_rate"):
        assert sentence(model_dir="mine", fine_tune=True, **{flag: True}) == (
            f"--{flag} is done by one process, but TF_CONFIG names 2 workers: give --distribution=off, too, "
            f"and start it once."
        )
