import os
import pathlib

import pytest

from retrain import files
from retrain.errors import InputError
from retrain.runs.continuing import check_may_run
from retrain.runs.run import Run
from retrain.settings.config import Config, to_flags

CLASSES = ("roses", "tulips")
CONFIG = Config.of(image_dir="/photos", seed=3)
FINE_TUNED = Config.of(image_dir="/photos", fine_tune=True)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch) -> pathlib.Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make_run(config: Config, *, finished: bool = False, steps: int = 0) -> None:
    files.write_text("run/run.flags", to_flags(config, "train"))
    files.write_text("run/labels.txt", "roses\ntulips\n")
    os.makedirs(f"run/ckpt-{steps}")
    if finished:
        files.write_text("run/metrics.json", "{}")
        files.write_text("run/exports.json", "{}")


def complaint(config: Config, verb: str = "train", class_names: tuple[str, ...] = CLASSES) -> str | None:
    try:
        check_may_run(Run("run"), verb, config, class_names)
    except InputError as error:
        return str(error)
    return None


def test_a_run_begins_where_no_other_is(here):
    assert complaint(CONFIG) is None
    os.mkdir("run")
    assert complaint(CONFIG) is None
    for name in ("learning_rates.png", "learning_rates.csv", ".run.flags.0123abcd.partial"):
        (here / "run" / name).touch()
    assert complaint(CONFIG) is None
    (here / "run" / "novel.txt").touch()
    assert complaint(CONFIG) == (
        "--model_dir='run' is not empty, and nothing is overwritten: name a new directory."
    )


def test_an_unfinished_run_goes_on_with_the_same_flags():
    make_run(CONFIG)
    assert complaint(CONFIG) is None
    assert complaint(Config.of(image_dir="/photos", seed=3, model_dir="run")) is None
    assert complaint(Config.of(image_dir="/photos", learning_rate=0.5, max_steps=7)) == (
        "--model_dir='run' holds an unfinished run with other settings (--seed: was 3, is 0; "
        "--learning_rate: was not given, is 0.5; --max_steps: was not given, is 7): give the same to go "
        "on, or name a new directory."
    )


def test_paths_are_the_same_however_they_are_written(here, monkeypatch):
    (here / "photos").mkdir()
    make_run(Config.of(image_dir="photos"))
    assert complaint(Config.of(image_dir=str(here / "photos"))) is None
    monkeypatch.chdir(here / "photos")
    with pytest.raises(InputError):
        check_may_run(Run(here / "run"), "train", Config.of(image_dir="photos"), CLASSES)


def test_a_finished_run_names_a_new_directory():
    make_run(CONFIG, finished=True, steps=1000)
    sentence = "--model_dir='run' holds a finished run: name a new directory."
    assert complaint(CONFIG) == sentence
    assert complaint(Config.of(image_dir="/photos", seed=3, max_steps=2000)) == sentence


def test_a_finished_fine_tuning_goes_on_for_more_steps():
    make_run(FINE_TUNED, finished=True, steps=900)
    sentence = (
        "--model_dir='run' holds a finished run: a --max_steps above 900 trains on, with all other settings "
        "as they were; or name a new directory."
    )
    assert complaint(FINE_TUNED) == sentence
    assert complaint(Config.of(image_dir="/photos", fine_tune=True, max_steps=900)) == sentence
    assert complaint(Config.of(image_dir="/photos", fine_tune=True, max_steps=901, seed=1)) == sentence
    assert complaint(Config.of(image_dir="/photos", fine_tune=True, max_steps=901)) is None


def test_an_unfinished_fine_tuning_keeps_its_length():
    make_run(FINE_TUNED, steps=900)
    assert complaint(Config.of(image_dir="/photos", fine_tune=True, max_steps=901)) == (
        "--model_dir='run' holds an unfinished run with other settings (--max_steps: was not given, is 901): "
        "give the same to go on, or name a new directory."
    )


def test_other_classes_and_other_verbs():
    make_run(CONFIG)
    assert complaint(CONFIG, class_names=("cats", "dogs")) == (
        "--model_dir='run' holds a run with other classes (roses, tulips): name a new directory."
    )
    sentence = "--model_dir='run' is not empty, and nothing is overwritten: name a new directory."
    assert complaint(CONFIG, verb="evaluate") == sentence
    files.write_text("run/run.flags", to_flags(CONFIG, "evaluate"))
    assert complaint(CONFIG) == sentence
